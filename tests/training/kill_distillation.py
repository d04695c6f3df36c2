"""Distils in the folder given; its parent kills it on the way."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from neighbour_toys import make_config, make_task

from gonogo.core.progress import Silent
from gonogo.training.loop.trainer import train


def main(folder: Path, vectors: Path, pause: float) -> None:
    torch.set_num_threads(1)
    config = make_config(vectors, training={"max_steps": 30, "checkpoint_every": 3})
    task, model = make_task(config, seed=1)

    def should_stop() -> bool:
        time.sleep(pause)
        return False

    tasks = {"distill": task}
    train(config, 1, model, tasks, folder, progress=Silent(), should_stop=should_stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
