"""Trains a toy in the folder given; its parent kills it on the way."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from training_toys import make_config, make_model, make_tasks

from gonogo.core.progress import Silent
from gonogo.training.loop.trainer import train


def main(folder: Path, pause: float) -> None:
    torch.set_num_threads(1)
    model = make_model()

    def should_stop() -> bool:
        time.sleep(pause)
        return False

    config = make_config(epochs=6, checkpoint_every=2)
    tasks = make_tasks(model)
    train(config, 1, model, tasks, folder, progress=Silent(), should_stop=should_stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
