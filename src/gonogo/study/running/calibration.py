"""Measure a few steps of every arm on this device, and extrapolate to whole trials.

What arms share (model, task, training settings, evaluation) is measured once; see
:mod:`gonogo.study.running.probes` for how.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from gonogo.core.errors import UserError
from gonogo.core.files import MEGABYTE, write_json
from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.core.version import __version__
from gonogo.core.workplace import Workplace
from gonogo.data.sources.loading import count_queries
from gonogo.data.sources.pairs_data import count_queries_of_pairs
from gonogo.models.build.build import AnyModel, build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.evaluation.evaluation_tasks import (
    NeighbourEvaluation,
    NextVectorEvaluation,
    judged_data,
    pairs_data,
)
from gonogo.spec.monitors import GradientConflict
from gonogo.spec.study import TrialConfig
from gonogo.study.folder.environment import processor_name
from gonogo.study.next_vector.made_pairs import prepare_pairs
from gonogo.study.planning.forecast import arm_fingerprint, calibration_path
from gonogo.study.planning.plan import Plan, PlannedTrial
from gonogo.study.running import probes
from gonogo.study.running.workplaces import workplace_of
from gonogo.training.parts.schedules import plan_steps
from gonogo.training.passes.token_budget import choose_token_budget

_LINE_BYTES = 60
"""Of one line of a ranking, roughly."""

T = TypeVar("T")


def calibrate(plan: Plan, *, device: Device, progress: Progress) -> dict[str, Any]:
    """Measure every arm's first seed and write ``calibration.json``; touches no trial.

    Returns:
        What was written; nothing is measured and written where nothing is left to estimate.

    Raises:
        UserError: if the plan holds no trial of the first seed, or data cannot be read.
    """
    if plan.is_finished:
        progress.say("everything is finished: nothing to measure")
        return {}
    started = time.perf_counter()
    trials = [trial for trial in plan.trials if trial.seed == plan.study.seeds[0]]
    if not trials:
        raise UserError("no trial of the first seed to measure", place="only")
    stopwatch = _Stopwatch(Workplace(plan.beside, device), progress)
    arms = {trial.arm: _arm(trial, stopwatch) for trial in trials}
    record = {
        "device": device,
        "processor": processor_name(),
        "gonogo": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": time.perf_counter() - started,
        "measured": {
            "optimiser_steps": f"at most {probes.STEPS + 1} a task",
            "training_queries": f"at most {probes.QUERIES} a data set",
            "texts": f"at most {probes.TEXTS} a side and data set",
            "pairs": f"about {probes.PAIRS} a data set",
        },
        "arms": arms,
    }
    write_json(calibration_path(plan), record)
    return record


@dataclass
class _Stopwatch:
    """What was measured so far, by what it depends on."""

    workplace: Workplace
    """What is measured shows no bars of its own."""
    progress: Progress
    known: dict[str, Any] = field(default_factory=dict)

    def once(self, what: str, key: str, measure: Callable[[], T]) -> T:
        if f"{what} {key}" not in self.known:
            self.progress.say(f"measuring {what}")
            self.known[f"{what} {key}"] = measure()
        found: T = self.known[f"{what} {key}"]
        return found


def _arm(trial: PlannedTrial, stopwatch: _Stopwatch) -> dict[str, Any]:
    config, workplace = trial.config, stopwatch.workplace
    prepare_pairs(config, workplace)
    shared = f"{config.model.model_dump_json()} {config.training.model_dump_json()}"
    model = stopwatch.once("the model", shared, partial(_model, trial, workplace))
    tasks = {
        name: stopwatch.once(
            f"task {name}",
            f"{shared} {spec.model_dump_json()}",
            partial(probes.time_task, config, name, trial.seed, model, workplace),
        )
        for name, spec in config.tasks.items()
    }
    evaluation = config.evaluation
    scoring = stopwatch.once(
        "evaluation",
        f"{shared} {evaluation.model_dump_json()}",
        partial(probes.time_evaluation, model, evaluation, workplace),
    )
    saving = stopwatch.once("saving", shared, partial(probes.time_saving, model, config))
    training = _training(config, tasks, saving.seconds)
    return {
        "fingerprint": arm_fingerprint(trial.training, trial.evaluation),
        "precision": model.precision,
        **training,
        "evaluation_seconds": scoring,
        "disk_mb": _weights_mb(config, saving, training["steps"])
        + _rankings_mb(evaluation, workplace),
    }


def _model(trial: PlannedTrial, workplace: Workplace) -> AnyModel:
    training, at = trial.config.training, workplace_of(trial.config, workplace)
    model = build_model(
        trial.config.model,
        trial.seed,
        device=at.device,
        precision=at.precision,
        beside=at.beside,
    )
    if training.token_budget == "auto" and isinstance(model, RetrievalModel):
        choose_token_budget(model)  # measured once a machine: no part of a trial's time
    return model


def _training(
    config: TrialConfig, tasks: Mapping[str, probes.TaskSpeed], saving: float
) -> dict[str, Any]:
    """Extrapolate to every step that the schedule plans, checkpoints and monitors included."""
    alone = {name: task.steps for name, task in tasks.items()}
    steps = plan_steps(config.schedule, alone, config.training)
    spent = sum(len(part.batches) * tasks[part.task].batch for s in steps for part in s.parts)
    spent += saving * (len(steps) // config.training.checkpoint_every)
    if len(tasks) > 1:
        # A monitor of gradients runs one batch of each task whenever it looks.
        watching = [each for each in config.monitors if isinstance(each, GradientConflict)]
        looks = sum(len(steps) // monitor.every + 1 for monitor in watching)
        spent += looks * sum(task.batch for task in tasks.values())
    return {
        "steps": len(steps),
        "seconds_per_step": {
            name: task.batch * config.training.accumulation for name, task in tasks.items()
        },
        "preparation_seconds": sum(task.preparation for task in tasks.values()),
        "training_seconds": spent,
    }


def _weights_mb(config: TrialConfig, saving: probes.Saving, steps: int) -> float:
    """Return the size of everything under ``checkpoints``."""
    kept = config.training.keep_checkpoints
    written = (steps - 1) // config.training.checkpoint_every  # none beside the final one
    looks = config.training.validation
    whole = 1 + (looks is not None and looks.best is not None)
    count = written if kept == "all" else min(kept, written)
    return whole * saving.final_mb + count * saving.checkpoint_mb


def _rankings_mb(spec: EvaluationSpec, workplace: Workplace) -> float:
    lines = 0
    for _, task, data in spec.parts:
        match task:
            case NeighbourEvaluation():
                lines += task.most_queries * task.k
            case NextVectorEvaluation():
                queries = count_queries_of_pairs(pairs_data(data), beside=workplace.beside)
                lines += min(queries, spec.max_queries or queries) * task.depth
            case _:
                queries = count_queries(judged_data(data), spec.split, beside=workplace.beside)
                lines += min(queries, spec.max_queries or queries) * task.depth
    return lines * _LINE_BYTES / MEGABYTE
