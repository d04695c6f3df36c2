"""The training of one trial: resume, step, log, watch, checkpoint, until the schedule ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonogo.core.files import fingerprint as content_hash
from gonogo.core.progress import Progress
from gonogo.spec.base import NOT_HASHED
from gonogo.spec.study import TrialConfig
from gonogo.spec.training import TrainingSpec
from gonogo.training.loop.checkpoints import Checkpoints
from gonogo.training.loop.learning_rate import clamped_warmup, learning_rates
from gonogo.training.loop.optimizer import build_optimizer
from gonogo.training.loop.reporting import Reporter
from gonogo.training.loop.run import Run
from gonogo.training.loop.step import take_step
from gonogo.training.loop.tasks import task_budgets
from gonogo.training.parts.determinism import deterministic
from gonogo.training.parts.memory import peak_memory_mb
from gonogo.training.parts.scaler import build_scaler
from gonogo.training.parts.schedules import Step, plan_steps
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TrainableModel
from gonogo.training.watching.monitor import Monitor
from gonogo.training.watching.monitors import build_monitors
from gonogo.training.watching.validation import Validator, epochs_after


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    Args:
        steps: optimiser steps taken, over all attempts.
        total_steps: optimiser steps of the whole schedule.
        examples: examples seen, by task, over all attempts.
        seconds: wall-clock time of all attempts, as far as checkpoints hold them.
        peak_memory_mb: MiB, of the process or of the GPU.
        stopped: it was asked to stop and left a checkpoint.
        abort_reason: why it cannot go on, if it cannot.
    """

    steps: int
    total_steps: int
    examples: dict[str, int]
    seconds: float
    peak_memory_mb: float
    stopped: bool = False
    abort_reason: str | None = None


def train(
    config: TrialConfig,
    seed: int,
    model: TrainableModel,
    tasks: Mapping[str, Task],
    folder: Path,
    *,
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
    fingerprint: str | None = None,
    monitors: Sequence[Monitor] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> TrainingResult:
    """Train to the end of the schedule, from the last checkpoint if there is one.

    Killed at any moment and called again, it ends with the bits of an uninterrupted training.

    Args:
        config: the trial.
        seed: all randomness is a function of it and the step.
        model: changed in place.
        tasks: what is learned, by name.
        folder: the trial's; ``logs`` and ``checkpoints`` are written in it.
        progress: shown a bar over the optimiser steps.
        should_stop: asked before each step; when true a checkpoint is written and training ends.
        fingerprint: of everything that can change the weights; checkpoints of another are not
            used. By default of the configuration and the seed.
        monitors: what watches; by default what the configuration names.
        facts: of this attempt, as JSON; they are kept in the final checkpoint, so that who finds
            it complete finds them too.

    Raises:
        UserError: if nothing is trainable or a tracker is missing.
    """
    steps = plan_steps(config.schedule, task_budgets(config, tasks), config.training)
    checkpoints = _checkpoints(config, folder, fingerprint or _fingerprint(config, seed))

    if done := checkpoints.finished():
        memory = done.peak_memory_mb or 0.0
        examples, seconds = done.examples or {}, done.seconds or 0.0
        return TrainingResult(done.step or len(steps), len(steps), examples, seconds, memory)
    if monitors is None:
        epochs = epochs_after(steps, next(iter(tasks.values())))
        validator = _validator(config, tasks, epochs, model, folder, checkpoints)
        monitors = build_monitors(
            config,
            tasks,
            model,
            seed,
            folder / "logs",
            validator,
            epochs=epochs,
            progress=progress,
        )
    scaler = build_scaler(model, tasks.values())
    run = Run(model, build_optimizer(model, config.training), tasks, monitors, scaler)
    if checkpoint := checkpoints.latest():
        run.restore(checkpoint)
    checkpoints.tidy()
    if clamped := clamped_warmup(config.training.warmup, len(steps)):
        progress.say(clamped)
    reporter = Reporter(config, run, folder, len(steps), progress)
    with closing(reporter), deterministic(model.device):
        if run.step == 0:
            _look_before(monitors)
        ending = _take_steps(
            run, steps, config.training, seed, checkpoints, reporter, should_stop, facts or {}
        )
    memory = peak_memory_mb(model.device)
    return TrainingResult(run.step, len(steps), dict(run.examples), run.seconds, memory, **ending)


def _checkpoints(config: TrialConfig, folder: Path, fingerprint: str) -> Checkpoints:
    kept = config.training.keep_checkpoints
    return Checkpoints(folder / "checkpoints", fingerprint, None if kept == "all" else kept)


def _validator(
    config: TrialConfig,
    tasks: Mapping[str, Task],
    epochs: Sequence[float],
    model: TrainableModel,
    folder: Path,
    checkpoints: Checkpoints,
) -> Validator | None:
    """Return what looks at the model while it trains, if anything does."""
    spec = config.training.validation
    if spec is None:
        return None

    def keep_best(facts: Mapping[str, Any]) -> None:
        checkpoints.finish("best", model.save, facts)

    return Validator(spec, tasks, epochs, model, folder / "logs", keep_best)


def _look_before(monitors: Sequence[Monitor]) -> None:
    for monitor in monitors:
        if isinstance(monitor, Validator):
            monitor.before_training()


def _take_steps(
    run: Run,
    steps: Sequence[Step],
    training: TrainingSpec,
    seed: int,
    checkpoints: Checkpoints,
    reporter: Reporter,
    should_stop: Callable[[], bool],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Step until the schedule ends; return what else ended it, as `TrainingResult` says it."""
    started, spent = time.perf_counter(), run.seconds
    while run.step < len(steps):
        if should_stop():
            checkpoints.save(run.checkpoint())
            return {"stopped": True}
        plan = steps[run.step]
        rates = learning_rates(training, plan, run.step, len(steps))
        outcome = take_step(run, plan, rates, seed=seed, clip=training.clip)
        run.seconds = spent + time.perf_counter() - started
        if reason := outcome.failure or reporter.tell(outcome, rates[0]):
            found = {**run.checkpoint().state.model_dump(), "abort_reason": reason}
            checkpoints.finish("abort", run.model.save, found)
            return {"abort_reason": reason}
        if run.step % training.checkpoint_every == 0 and run.step < len(steps):
            checkpoints.save(run.checkpoint())
    memory = peak_memory_mb(run.model.device)
    whole = {"total_steps": len(steps), "peak_memory_mb": memory, **facts}
    checkpoints.finish("final", run.model.save, {**run.checkpoint().state.model_dump(), **whole})
    return {}


def _fingerprint(config: TrialConfig, seed: int) -> str:
    fields = TrainingSpec.model_fields.items()
    unhashed = {name for name, field in fields if field.json_schema_extra == NOT_HASHED}
    return content_hash(
        {
            "seed": seed,
            "config": config.model_dump(mode="json", include={"model", "tasks", "schedule"}),
            "training": config.training.model_dump(mode="json", exclude=unhashed),
        }
    )
