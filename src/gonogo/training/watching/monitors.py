"""The monitors that a trial names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from gonogo.core.errors import UserError
from gonogo.spec.study import TrialConfig
from gonogo.spec.training import GradientConflict, LossFlags, MarginGuard, RecallGates
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TrainableModel
from gonogo.training.watching.gradient_conflict import GradientConflictMonitor
from gonogo.training.watching.history import History
from gonogo.training.watching.look_monitors import (
    Looker,
    LossFlagsMonitor,
    MarginGuardMonitor,
    RecallGatesMonitor,
)
from gonogo.training.watching.monitor import Monitor
from gonogo.training.watching.validation import Validator


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
        validator: takes the looks; it comes first, then their history, and others judge them.

    Raises:
        UserError: for a monitor that judges looks where none are taken.
    """
    built: list[Monitor] = []
    looker = None
    if validator is not None:
        history = History(validator, folder)
        built += [validator, history]
        looker = Looker(validator, history, folder)
    for spec in config.monitors:
        match spec:
            case MarginGuard():
                built.append(MarginGuardMonitor(spec, _looker(looker, spec.kind)))
            case RecallGates():
                built.append(RecallGatesMonitor(spec, _looker(looker, spec.kind)))
            case LossFlags():
                built.append(LossFlagsMonitor(_looker(looker, spec.kind)))
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


def _looker(looker: Looker | None, monitor: str) -> Looker:
    if looker is None:
        raise UserError(
            f"{monitor} judges what looks see, but none are taken",
            place="training.validation",
            hint="training: {validation: {every: 1}}",
        )
    return looker
