"""One small retrieval task, as a study would train it, for benchmarks of single steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gonogo.models.build.build import AnyModel, build_model
from gonogo.models.parts.devices import resolve_precision
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.optimizer import build_optimizer
from gonogo.training.loop.run import Run
from gonogo.training.loop.step import take_step
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.parts.determinism import deterministic
from gonogo.training.parts.schedules import Part, Step
from gonogo.training.parts.task import Task

SCIFACT = Path(__file__).parents[1].parent / "shared" / "datasets" / "scifact"


def config(
    adapter: str | dict[str, Any],
    regularisers: Sequence[dict[str, Any]] = (),
    *,
    precision: str = "auto",
    dropout: float = 0.1,
    **task: Any,
) -> TrialConfig:
    """Return MiniLM with a projection on SciFact, or on API documentation where that is absent."""
    data = str(SCIFACT) if SCIFACT.exists() else "python-api/stdlib"
    return TrialConfig.model_validate(
        {
            "model": {
                "backbone": "minilm",
                "adapter": {"kind": adapter} if isinstance(adapter, str) else adapter,
                "projection": {"kind": "mlp", "dropout": dropout},
                "similarity": "euclidean",
                "lengths": {"query": 48, "passage": 160, "pair": 256},
            },
            "tasks": {
                "embed": {
                    "kind": "retrieval",
                    "data": [data],
                    "negatives": {"kind": "random", "count": 1},
                    "objective": {"kind": "triplet"},
                    "regularisers": list(regularisers),
                    "batch_size": 16,
                    **task,
                }
            },
            "training": {
                "accumulation": 1,
                "learning_rate": 1e-5,
                "head_learning_rate": 5e-4,
                "precision": precision,
            },
            "evaluation": {"datasets": [data], "tasks": {"embed": {"kind": "retrieval"}}},
        }
    )


class Steps:
    """Takes optimiser steps of one trial, timed one by one."""

    def __init__(self, trial: TrialConfig, seed: int = 42) -> None:
        self.trial, self.seed = trial, seed
        precision = resolve_precision(trial.training.precision, "cpu")
        self.model: AnyModel = build_model(trial.model, seed, precision=precision)
        self.task: Task = build_tasks(trial, seed, self.model)["embed"]
        self.run = Run(
            self.model, build_optimizer(self.model, trial.training), {"embed": self.task}
        )
        self.losses: list[float] = []

    def take(self, number: int) -> float:
        """Take one step on batch ``number`` and return its seconds."""
        rate, head = self.trial.training.learning_rate, self.trial.training.head_learning_rate
        rates = rate, head or rate
        plan = Step((Part("embed", 1.0, range(number, number + 1)),), *rates)
        with deterministic("cpu"):
            start = time.perf_counter()
            outcome = take_step(self.run, plan, rates, seed=self.seed, clip=1.0)
            seconds = time.perf_counter() - start
        self.losses.append(outcome.parts[0].loss)
        return seconds
