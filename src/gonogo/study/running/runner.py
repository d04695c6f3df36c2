"""Run a plan: every trial in order, whatever happens to another one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path

import yaml

from gonogo.core.files import write_text
from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.core.workplace import Workplace
from gonogo.evaluation.search.approximate_index import check_index
from gonogo.study.deciding.registration import register_criteria, register_gate
from gonogo.study.deciding.stopping import go_on, look
from gonogo.study.folder.lock import sole_runner
from gonogo.study.planning.plan import Plan, PlannedReference, PlannedTrial, plan_again
from gonogo.study.running.executors import one_by_one, side_by_side
from gonogo.study.running.jobs import Ended, Job
from gonogo.study.running.settling import settle_finished
from gonogo.study.tracking.run_ids import register_runs


@dataclass
class RunSummary:
    """What a run did, trial by trial."""

    seconds: dict[str, float] = field(default_factory=dict)
    elapsed: float = 0.0
    """Seconds from start to end; less than the sum where trials ran side by side."""
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: str = ""
    """Where Ctrl-C stopped the run; empty when it was not stopped."""


def run_plan(
    plan: Plan,
    *,
    device: Device,
    progress: Progress,
    workers: int = 1,
    stop_when_decided: bool = False,
    run_id: str | None = None,
) -> RunSummary:
    """Run everything in a plan that is not finished, in its order.

    A trial that fails is recorded and the next one starts; Ctrl-C saves a checkpoint and stops.

    Args:
        plan: what is to be done.
        device: where models run.
        progress: shows bars and lines.
        workers: trials at the same time, each in a process of its own; one runs in this process.
        stop_when_decided: stop after a seed if the verdict cannot change any more.
        run_id: names the one run of the study's summary that the plan is.

    Raises:
        UserError: if another runner works in the same folder, or an index is not installed.
    """
    summary, started = RunSummary(), time.perf_counter()
    workplace = Workplace(plan.beside, device, progress=progress)
    execute = one_by_one if workers == 1 else partial(side_by_side, workers=workers)
    total = len(plan.trials) + len(plan.references)
    check_index(plan.study.evaluation.tasks.values())
    with sole_runner(plan.folder.lock):
        plan = plan_again(plan)  # another run may have been at work until now
        start = partial(begin, plan=plan, progress=progress)
        for name in settle_finished(plan):
            progress.say(f"{name}: record and logs written anew from its checkpoint")
        _freeze_study(plan)
        register_gate(plan)
        register_criteria(plan)
        register_runs(plan, run_id)
        bar = progress.bar("study", total, done=total - plan.left)
        try:
            for batch in _batches(plan, stop_when_decided, progress):
                for job, ended in execute(batch, start, workplace):
                    note(job, ended, summary, progress)
                    if not summary.interrupted:
                        bar.advance()
                if summary.interrupted:
                    break
        except KeyboardInterrupt:
            summary.interrupted = summary.interrupted or "what was finished is kept"
        finally:
            bar.close()
    summary.elapsed = time.perf_counter() - started
    return summary


def _batches(plan: Plan, stop_when_decided: bool, progress: Progress) -> Iterator[list[Job]]:
    """Yield jobs that may be done side by side; with the flag, look before each further seed."""
    rows: list[Job] = [row for row in plan.references if row.action != "skip"]
    if not stop_when_decided:
        go_on(plan)
        yield [*rows, *plan.to_do]
        return
    yield rows
    order = plan.study.seeds.index
    by_seed = sorted(plan.to_do, key=lambda trial: order(trial.seed))
    for seed, trials in groupby(by_seed, lambda trial: trial.seed):
        stop = look(plan, seed)
        if stop is not None:
            progress.say(stop.sentence)
            return
        yield list(trials)


def begin(job: Job, plan: Plan, progress: Progress) -> None:
    """Say what starts, and move away what other settings have left in its folder."""
    if isinstance(job, PlannedReference):
        progress.say(f"{job.name}: reference row")
        return
    progress.say(f"{job.name}: {job.action} ({job.reason})")
    if job.action == "run" and job.folder.path.exists():
        _set_aside(job, plan)


def note(job: Job, ended: Ended, summary: RunSummary, progress: Progress) -> None:
    """Put into the summary how a job ended, and say what went wrong."""
    match ended.state:
        case "failed":
            details = f" (details: {ended.details})" if ended.details else ""
            progress.say(f"{job.name}: failed: {ended.reason}{details}")
            summary.failed[job.name] = ended.reason
            return
        case "aborted":
            progress.say(f"{job.name}: aborted: {ended.reason}")
            summary.failed[job.name] = ended.reason
        case "stopped":
            summary.interrupted = f"{job.name}: {ended.reason}"
        case "finished":
            pass
    summary.seconds[job.name] = ended.seconds


def _set_aside(trial: PlannedTrial, plan: Plan) -> Path:
    """Move a stale or forced trial away: nothing that was computed is lost."""
    target = plan.folder.set_aside(trial.arm, trial.seed, time.strftime("%Y%m%d-%H%M%S"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(trial.folder.path, target)
    return target


def _freeze_study(plan: Plan) -> None:
    record = plan.study.model_dump(mode="json", by_alias=True)
    write_text(plan.folder.study, yaml.safe_dump(record, sort_keys=False, allow_unicode=True))
