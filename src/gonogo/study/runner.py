"""Run a plan: every trial in order, whatever happens to the one before."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import yaml

from gonogo.core.errors import UserError
from gonogo.core.files import write_text
from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.evaluation.approximate_index import check_index
from gonogo.study.lock import sole_runner
from gonogo.study.plan import Plan, PlannedReference, PlannedTrial
from gonogo.study.references import score_reference
from gonogo.study.registration import register_criteria, register_gate
from gonogo.study.run_ids import register_runs
from gonogo.study.stopping import go_on, look
from gonogo.study.trial import record_failure, run_trial


@dataclass
class RunSummary:
    """What a run did, trial by trial."""

    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: str = ""
    """Where Ctrl-C stopped the run; empty when it was not stopped."""


def run_plan(
    plan: Plan,
    *,
    device: Device,
    progress: Progress,
    stop_when_decided: bool = False,
    run_id: str | None = None,
) -> RunSummary:
    """Run everything in a plan that is not finished, seed by seed.

    A trial that fails is recorded and the next one starts; Ctrl-C saves a checkpoint and stops.
    ``run_id`` names the one run of the study's summary that the plan is.

    Raises:
        UserError: if another runner works in the same folder, or an index is not installed.
    """
    summary = RunSummary()
    rows = [row for row in plan.references if row.action != "skip"]
    total = len(plan.trials) + len(plan.references)
    check_index(task for arm in plan.study.arms.values() for task in arm.evaluation.tasks.values())
    with sole_runner(plan.folder.lock):
        _freeze_study(plan)
        register_gate(plan)
        register_criteria(plan)
        register_runs(plan, run_id)
        bar = progress.bar("study", total, done=total - len(plan.to_do) - len(rows))
        try:
            trials = _trials(plan, stop_when_decided, progress)
            jobs: Iterable[PlannedTrial | PlannedReference] = chain(rows, trials)
            for job in jobs:
                _run_one(job, plan, device, progress, summary)
                if summary.interrupted:
                    break
                bar.advance()
        except KeyboardInterrupt:
            summary.interrupted = "what was finished is kept"
        finally:
            bar.close()
    return summary


def _trials(plan: Plan, stop_when_decided: bool, progress: Progress) -> Iterator[PlannedTrial]:
    """Yield what is left to do; with the flag, look at the data before each further seed."""
    if not stop_when_decided:
        go_on(plan)
    seed = None
    for trial in plan.to_do:
        if stop_when_decided and trial.seed != seed:
            seed = trial.seed
            stop = look(plan, seed)
            if stop is not None:
                progress.say(stop.sentence)
                return
        yield trial


def _run_one(
    job: PlannedTrial | PlannedReference,
    plan: Plan,
    device: Device,
    progress: Progress,
    summary: RunSummary,
) -> None:
    started = time.perf_counter()
    try:
        if isinstance(job, PlannedReference):
            progress.say(f"{job.name}: reference row")
            score_reference(job, device=device, beside=plan.beside, progress=progress)
        else:
            _run_trial(job, plan, device, progress, summary)
    except UserError as error:  # says itself what is wrong and what helps
        _record(job, str(error), summary, progress)
    except Exception as error:
        log = job.folder.log("error.txt")
        write_text(log, traceback.format_exc())
        _record(job, f"{type(error).__name__}: {error}", summary, progress, f" (details: {log})")
    else:
        summary.seconds[job.name] = time.perf_counter() - started


def _record(
    job: PlannedTrial | PlannedReference,
    reason: str,
    summary: RunSummary,
    progress: Progress,
    details: str = "",
) -> None:
    if isinstance(job, PlannedTrial):
        record_failure(job, reason)
    summary.failed[job.name] = reason
    progress.say(f"{job.name}: failed: {reason}{details}")


def _run_trial(
    trial: PlannedTrial, plan: Plan, device: Device, progress: Progress, summary: RunSummary
) -> None:
    progress.say(f"{trial.name}: {trial.action} ({trial.reason})")
    if trial.action == "run" and trial.folder.path.exists():
        _set_aside(trial, plan)
    outcome = run_trial(trial, device=device, beside=plan.beside, progress=progress)
    match outcome.state:
        case "aborted":
            summary.failed[trial.name] = outcome.reason
            progress.say(f"{trial.name}: aborted: {outcome.reason}")
        case "stopped":
            summary.interrupted = f"{trial.name}: {outcome.reason}"
        case "finished":
            pass


def _set_aside(trial: PlannedTrial, plan: Plan) -> Path:
    """Move a stale or forced trial away: nothing that was computed is lost."""
    target = plan.folder.set_aside(trial.arm, trial.seed, time.strftime("%Y%m%d-%H%M%S"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(trial.folder.path, target)
    return target


def _freeze_study(plan: Plan) -> None:
    record = plan.study.model_dump(mode="json", by_alias=True)
    write_text(plan.folder.study, yaml.safe_dump(record, sort_keys=False, allow_unicode=True))
