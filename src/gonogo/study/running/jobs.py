"""One job of a run, from its start to a word on how it ended, wherever it is done."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gonogo.core.errors import UserError
from gonogo.core.files import write_text
from gonogo.core.workplace import Workplace
from gonogo.study.planning.plan import PlannedReference, PlannedTrial
from gonogo.study.running.console_log import CONSOLE, ConsoleLog
from gonogo.study.running.references import score_reference
from gonogo.study.running.trial import Outcome, record_failure, run_trial

Job = PlannedTrial | PlannedReference


@dataclass(frozen=True)
class Ended:
    """How a job ended; a stopped one goes on when it is started again."""

    state: Literal["finished", "stopped", "aborted", "failed"]
    reason: str = ""
    details: Path | None = None
    """Where the traceback of a failure lies."""
    seconds: float = 0.0


def do_job(job: Job, workplace: Workplace) -> Ended:
    """Run a trial or score a reference row; what goes wrong is recorded and told, not raised."""
    started = time.perf_counter()
    console = ConsoleLog(job.folder.log(CONSOLE), workplace.progress)
    ended = _try(job, replace(workplace, progress=console), console)
    console.close(f"{ended.state}: {ended.reason}" if ended.reason else ended.state)
    return replace(ended, seconds=time.perf_counter() - started)


def _try(job: Job, workplace: Workplace, console: ConsoleLog) -> Ended:
    try:
        with console.kept():
            outcome = _do(job, workplace)
    except UserError as error:  # says itself what is wrong and what helps
        return failed(job, str(error))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in a library of Rust is no Exception
        log = job.folder.log("error.txt")
        reason = f"{type(error).__name__}: {error}"
        try:
            write_text(log, traceback.format_exc())
        except OSError:  # the disk may be what failed
            return failed(job, reason)
        return failed(job, reason, log)
    return Ended(outcome.state, outcome.reason)


def _do(job: Job, workplace: Workplace) -> Outcome:
    if isinstance(job, PlannedTrial):
        return run_trial(job, workplace)
    score_reference(job, workplace)
    return Outcome("finished")


def failed(job: Job, reason: str, details: Path | None = None) -> Ended:
    """Leave a note of what stopped a job where the next plan finds it."""
    if isinstance(job, PlannedTrial):
        try:
            record_failure(job, reason)
        except OSError as error:
            reason = f"{reason}; nor could that be noted: {error}"
    return Ended("failed", reason, details)
