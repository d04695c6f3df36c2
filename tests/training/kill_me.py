"""Trains a toy, or a mixture on a backbone, in the folder given; its parent kills it on the way."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from training_toys import make_config, make_model, make_tasks

from gonogo.core.progress import Silent
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.mixture import Expert, MixtureAdapter, SparsegenRouting
from gonogo.spec.model.model import TextModel
from gonogo.training.loop.trainer import train


def mixture(backbone: str) -> RetrievalModel:
    experts = tuple(Expert(name=name, rank=2) for name in ("embed", "rerank", "shared"))
    adapter = MixtureAdapter(experts=experts, router=SparsegenRouting(balance="bias", most=2))
    return build_model(TextModel(backbone=backbone, adapter=adapter), 1)


def main(folder: Path, pause: float, backbone: str | None = None) -> None:
    torch.set_num_threads(1)
    model = make_model() if backbone is None else mixture(backbone)

    def should_stop() -> bool:
        time.sleep(pause)
        return False

    config = make_config(epochs=6, checkpoint_every=2)
    tasks = make_tasks(model)
    train(config, 1, model, tasks, folder, progress=Silent(), should_stop=should_stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
