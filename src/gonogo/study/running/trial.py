"""One trial from data to scores: build, train, evaluate. The package on one page."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from gonogo.core.files import cache_folder, write_json
from gonogo.core.records import write_record
from gonogo.core.types import Precision
from gonogo.core.workplace import Workplace
from gonogo.models.build.build import AnyModel, build_model, load_model
from gonogo.study.folder.environment import describe_environment
from gonogo.study.folder.fingerprints import combine
from gonogo.study.folder.records import TrialResult
from gonogo.study.folder.states import STUDY_FOLDER, read_result, write_config
from gonogo.study.next_vector.made_pairs import prepare_pairs
from gonogo.study.planning.plan import PlannedTrial
from gonogo.study.running.evaluating import evaluate_formats_into
from gonogo.study.running.interrupts import graceful_stop
from gonogo.study.running.settling import settle
from gonogo.study.running.workplaces import workplace_of
from gonogo.study.tracking.run_logs import write_run_logs
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.loop.trainer import TrainingResult, train
from gonogo.training.text.start_check import start_warnings


@dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    state: Literal["finished", "stopped", "aborted"]
    reason: str = ""


def run_trial(
    trial: PlannedTrial,
    workplace: Workplace,
) -> Outcome:
    """Bring one trial from wherever it stands to complete scores.

    Training resumes at the last checkpoint; evaluation always starts from the files of the final
    checkpoint, so that a trial that was interrupted between the two ends with the same bits.
    """
    workplace = workplace_of(trial.config, workplace)
    prepare_pairs(trial.config, workplace)
    _freeze(trial, workplace)
    if trial.action in ("run", "resume"):
        stopped = _train(trial, workplace)
        if stopped is not None:
            return stopped
    settle(trial.folder, trial.evaluation)
    if trial.scored:
        _evaluate(trial, workplace)
    return Outcome("finished")


def _train(trial: PlannedTrial, workplace: Workplace) -> Outcome | None:
    """Train to the final checkpoint; return an outcome only if that was not reached."""
    started = time.perf_counter()
    device, precision, progress = workplace.device, workplace.precision, workplace.progress
    model = build_model(
        trial.config.model,
        trial.seed,
        device=device,
        precision=precision,
        beside=workplace.beside,
    )
    tasks = build_tasks(trial.config, trial.seed, model, workplace)
    # only now is it known which heads learn
    progress.say(f"{trial.name}: {model.count_trainable():,} trainable parameters")
    if trial.action == "run":
        for line in start_warnings(model, tasks, trial.config.tasks):
            progress.say(f"{trial.name}: {line}")
    facts = {
        "preparation_seconds": time.perf_counter() - started,
        "trainable_parameters": model.count_trainable(),
        "device": device,
        "precision": precision,
    }
    with graceful_stop() as should_stop:
        result = train(
            trial.config,
            trial.seed,
            model,
            tasks,
            trial.folder.path,
            progress=progress,
            should_stop=should_stop,
            fingerprint=combine(trial.training),
            facts=facts,
        )
    if not result.abort_reason and not result.stopped:
        return None  # everything that is known of it was renamed into place with the weights
    state = "aborted" if result.abort_reason else "training"
    _record(trial, state=state, error=result.abort_reason, **facts, **_progress_of(result))
    write_run_logs(trial.folder)
    if result.abort_reason:
        return Outcome("aborted", result.abort_reason)
    return Outcome("stopped", f"checkpoint at step {result.steps}")


def _evaluate(trial: PlannedTrial, workplace: Workplace) -> None:
    checkpoint = trial.folder.checkpoint(trial.config.evaluation.checkpoint)
    load = partial(_load, checkpoint, workplace)
    model = load(workplace.precision)
    evaluate_formats_into(
        trial.folder,
        lambda precision: model if precision == workplace.precision else load(precision),
        trial.config.evaluation,
        trial.evaluation,
        # where other arms and seeds can use them, vectors are kept: those of frozen weights
        replace(workplace, vectors=cache_folder("vectors") if model.frozen_encoder() else None),
        arm=trial.arm,
        seed=trial.seed,
    )
    settle(trial.folder, trial.evaluation)


def _load(checkpoint: Path, workplace: Workplace, precision: Precision) -> AnyModel:
    return load_model(checkpoint, device=workplace.device, precision=precision)


def _freeze(trial: PlannedTrial, workplace: Workplace) -> None:
    """Write the configuration, and once, when the trial starts, the environment."""
    config: dict[str, Any] = {
        "arm": trial.arm,
        "seed": trial.seed,
        STUDY_FOLDER: str((workplace.beside or Path()).resolve()),
        "config": trial.config.model_dump(mode="json", by_alias=True),
    }
    write_config(trial.folder, config, trial.training)
    if not trial.folder.environment.exists():
        threads = str(torch.get_num_threads())
        environment = describe_environment(
            device=workplace.device, precision=workplace.precision, threads=threads
        )
        write_json(trial.folder.environment, environment)


def _progress_of(result: TrainingResult) -> dict[str, Any]:
    return {
        "steps": result.steps,
        "total_steps": result.total_steps,
        "examples": result.examples,
        "train_seconds": result.seconds,
        "peak_memory_mb": result.peak_memory_mb,
    }


def _record(trial: PlannedTrial, **facts: Any) -> None:
    """Add facts to result.json."""
    known = read_result(trial.folder).known() | {"error": None} | facts
    write_record(trial.folder.result, TrialResult.model_validate(known))


def record_failure(trial: PlannedTrial, error: str) -> None:
    """Leave a note of what stopped a trial, and its logs joined as far as they go."""
    _record(trial, state="failed", error=error)
    with suppress(Exception):  # what stopped the trial is told, not what its logs add to it
        write_run_logs(trial.folder)
