"""A neighbours task over given vectors, small enough to train in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gonogo.models.build.build import build_model
from gonogo.models.heads.vector_model import VectorModel
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.neighbours.neighbour_task import NeighbourTask

WIDTH = 16


def write_vectors(path: Path, count: int = 160, seed: int = 0) -> Path:
    """Write vectors in clusters; rows 0 and 1 are copies."""
    draws = np.random.default_rng(seed)
    centres = draws.standard_normal((12, WIDTH))
    rows = centres[draws.integers(12, size=count)] + 0.5 * draws.standard_normal((count, WIDTH))
    rows[1] = rows[0]
    np.save(path, rows.astype(np.float32))
    return path


def make_config(*files: Path, training: dict[str, Any] | None = None, **task: Any) -> TrialConfig:
    data = [str(file) for file in files]
    return TrialConfig.model_validate(
        {
            "model": {
                "kind": "vectors",
                "dimension": WIDTH,
                "projection": {"kind": "residual", "hidden": 24, "dimension": 6},
            },
            "tasks": {
                "distill": {
                    "kind": "neighbours",
                    "data": data,
                    "held_out": 20,
                    "neighbours": 12,
                    "negatives": 30,
                    "queue_size": 64,
                    "batch_size": 8,
                    **task,
                }
            },
            "training": {
                "max_steps": 12,
                "epochs": 100,
                "accumulation": 1,
                "learning_rate": 5e-3,
                "precision": "fp32",
                "checkpoint_every": 2,
                "validation": {"every": 5, "unit": "steps", "best": "vs_teacher_recall@10"},
                **(training or {}),
            },
            "evaluation": {
                "metrics": ["R@10", "nDCG@10"],
                "tasks": {
                    "held_out": {"kind": "neighbours", "data": data, "held_out": 20},
                },
                "references": [],
            },
        }
    )


def make_task(config: TrialConfig, seed: int = 0) -> tuple[NeighbourTask, VectorModel]:
    model = build_model(config.model, seed)
    assert isinstance(model, VectorModel)
    task = build_tasks(config, seed, model)["distill"]
    assert isinstance(task, NeighbourTask)
    return task, model
