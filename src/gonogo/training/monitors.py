"""The monitors that a trial names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from gonogo.spec.study import TrialConfig
from gonogo.spec.training import GradientConflict, LossFlags, MarginGuard, RecallGates
from gonogo.training.gradient_conflict import GradientConflictMonitor
from gonogo.training.monitor import Monitor
from gonogo.training.task import Task
from gonogo.training.trainable import TrainableModel
from gonogo.training.validation import Validator


def build_monitors(
    config: TrialConfig,
    tasks: Mapping[str, Task],
    model: TrainableModel,
    seed: int,
    folder: Path,
    validator: Validator | None = None,
) -> list[Monitor]:
    """Return the monitors; those that compare tasks are left out where there is only one.

    Args:
        config: the trial.
        tasks: what it learns.
        model: what is watched.
        seed: the trial's seed, for batches of a monitor's own.
        folder: where monitors write their logs.
        validator: takes the looks; it comes first, and others judge what it saw.
    """
    built: list[Monitor] = [] if validator is None else [validator]
    for spec in config.monitors:
        match spec:
            case MarginGuard() | RecallGates() | LossFlags():
                raise NotImplementedError
            case GradientConflict():
                if len(tasks) > 1:
                    built.append(
                        GradientConflictMonitor(
                            tasks,
                            model.trainable(),
                            seed=seed,
                            every=spec.every,
                            path=folder / "gradient_conflicts.jsonl",
                            batches=config.training.accumulation,
                        )
                    )
            case _:
                assert_never(spec)
    return built
