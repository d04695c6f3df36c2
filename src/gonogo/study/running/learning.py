"""Trainings that are looked at and never scored: what ``gonogo learn`` runs."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.core.workplace import Workplace
from gonogo.study.folder.lock import sole_runner
from gonogo.study.planning.plan import Plan, plan_again
from gonogo.study.running.executors import one_by_one, side_by_side
from gonogo.study.running.runner import RunSummary, begin, note
from gonogo.study.running.settling import settle

TO_TRAIN = ("run", "resume")


def train_plan(plan: Plan, *, device: Device, progress: Progress, workers: int = 1) -> RunSummary:
    """Bring every training of a plan to its end; nothing is scored and nothing decided.

    Interrupted ones resume, changed ones are set aside and run anew, finished ones are left.

    Args:
        plan: of `gonogo.study.planning.budgets.learning_study`.
        device: where models run.
        progress: shows bars and lines.
        workers: trainings at the same time, each in a process of its own.

    Raises:
        UserError: if another runner works in the same folder.
    """
    summary, started = RunSummary(), time.perf_counter()
    workplace = Workplace(plan.beside, device, progress=progress)
    execute = one_by_one if workers == 1 else partial(side_by_side, workers=workers)
    with sole_runner(plan.folder.lock):
        plan = plan_again(plan)
        for trial in plan.trials:  # one that was killed at its last step has left its logs
            if trial.action not in TO_TRAIN:
                settle(trial.folder, trial.evaluation)
        jobs = [replace(trial, scored=False) for trial in plan.trials if trial.action in TO_TRAIN]
        bar = progress.bar("arms", len(plan.trials), done=len(plan.trials) - len(jobs))
        try:
            for job, ended in execute(
                jobs, partial(begin, plan=plan, progress=progress), workplace
            ):
                note(job, ended, summary, progress)
                if not summary.interrupted:
                    bar.advance()
        except KeyboardInterrupt:
            summary.interrupted = summary.interrupted or "what was finished is kept"
        finally:
            bar.close()
    summary.elapsed = time.perf_counter() - started
    return summary
