"""The monitors that a trial names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_never

from gonogo.core.progress import Progress, Silent
from gonogo.spec.model.model import TextModel
from gonogo.spec.monitors import Bands, Floor, GradientConflict, Range
from gonogo.spec.study import TrialConfig
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TrainableModel
from gonogo.training.watching.bands import BandsRule
from gonogo.training.watching.dead_experts import dead_expert_monitors
from gonogo.training.watching.figure_monitor import FigureMonitor, Judgements
from gonogo.training.watching.figures import FigureReader
from gonogo.training.watching.floor import FloorRule
from gonogo.training.watching.gradient_conflict import GradientConflictMonitor
from gonogo.training.watching.history import History
from gonogo.training.watching.monitor import Monitor
from gonogo.training.watching.ranges import RangeRule
from gonogo.training.watching.rules import Rule
from gonogo.training.watching.training_log import TrainingLog
from gonogo.training.watching.validation import Validator


def build_monitors(
    config: TrialConfig,
    tasks: Mapping[str, Task],
    model: TrainableModel,
    seed: int,
    folder: Path,
    validator: Validator | None = None,
    *,
    epochs: Sequence[float] = (),
    progress: Progress | None = None,
) -> list[Monitor]:
    """Return the monitors; those that compare tasks are left out where there is only one.

    Args:
        config: the trial.
        tasks: what it learns.
        model: what is watched.
        seed: the trial's seed, for batches of a monitor's own.
        folder: where monitors write their logs.
        validator: takes the looks; it comes first, then their history, and others judge them.
        epochs: completed epochs of the first task after each step of the plan.
        progress: told what shall be seen at once.
    """
    log = TrainingLog(folder)
    rules = any(not isinstance(spec, GradientConflict) for spec in config.monitors)
    experts = config.model.adapter.expert_names if isinstance(config.model, TextModel) else ()
    built: list[Monitor] = [log] if rules or experts or validator is not None else []
    looks = config.training.validation
    if validator is not None and looks is not None:
        built += [validator, History(validator, log, folder.parent, looks.line)]
    judgements = Judgements(log, folder, (progress or Silent()).say)
    built += dead_expert_monitors(experts, list(tasks), epochs, judgements)
    for spec in config.monitors:
        match spec:
            case GradientConflict():
                if len(tasks) > 1:
                    path, batches = (
                        folder / "gradient_conflicts.jsonl",
                        config.training.accumulation,
                    )
                    built.append(
                        GradientConflictMonitor(
                            tasks,
                            model.trainable(),
                            seed=seed,
                            every=spec.every,
                            path=path,
                            batches=batches,
                        )
                    )
            case Floor() | Bands() | Range():
                reader = FigureReader(spec.figure, spec.every, validator, epochs)
                built.append(FigureMonitor(spec.label, reader, _rule(spec), judgements))
            case _:
                assert_never(spec)
    return built


def _rule(spec: Floor | Bands | Range) -> Rule:
    match spec:
        case Floor():
            return FloorRule(spec)
        case Bands():
            return BandsRule(spec)
        case Range():
            return RangeRule(spec)
        case _:
            assert_never(spec)
