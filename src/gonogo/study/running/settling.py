"""What is derived from a trial's checkpoint and scores, written anew wherever it is behind them.

A final checkpoint and ``evaluation.json`` are each renamed into place with all that is known of
them. Everything else that is said of a finished training follows from these two, so a run that was
stopped right after either rename loses nothing: the next one settles the rest.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from gonogo.core.errors import UserError
from gonogo.core.records import write_record
from gonogo.study.folder.fingerprints import Inputs
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.looks import LogError
from gonogo.study.folder.records import TrialResult
from gonogo.study.folder.states import is_scored, read_evaluation, read_final, read_result
from gonogo.study.planning.plan import Plan
from gonogo.study.tracking.run_logs import are_current, write_run_logs, write_twins
from gonogo.training.loop.states import FinalState


def settle(folder: TrialFolder, evaluation: Inputs) -> bool:
    """Bring ``result.json`` and the joined logs up to a trial's final checkpoint and its scores.

    Args:
        folder: the trial's.
        evaluation: everything that its scores must depend on to be those that are wanted.

    Returns:
        Whether the record was behind.
    """
    final = read_final(folder)
    if final is None:
        return False
    known = read_result(folder)
    facts: dict[str, Any] = {**known.known(), **_facts(final, known), "error": None}
    facts["state"] = "trained"
    if is_scored(folder, evaluation):
        seconds = read_evaluation(folder).seconds
        facts |= {"state": "finished"} | (
            {} if seconds is None else {"evaluation_seconds": seconds}
        )
    settled = TrialResult.model_validate(facts)
    behind = settled != known or not folder.result.is_file()
    if behind:
        write_record(folder.result, settled)
    if behind or not are_current(folder):
        with suppress(LogError, UserError):  # the summary says what is wrong with them
            write_run_logs(folder)
            write_twins(folder)
    return behind


def settle_finished(plan: Plan) -> list[str]:
    """Settle every finished trial of a plan; return the names of those that were behind.

    It needs no lock: whoever else does it at the same time writes the same.
    """
    skipped = [trial for trial in plan.trials if trial.action == "skip"]
    return [trial.name for trial in skipped if settle(trial.folder, trial.evaluation)]


def _facts(final: FinalState, known: TrialResult) -> dict[str, Any]:
    """Return what a final checkpoint says of the training; one of an earlier version says less."""
    facts = final.known()
    for key in ("complete", "fingerprint"):
        facts.pop(key, None)
    renamed = {"step": "steps", "seconds": "train_seconds"}
    facts = {renamed.get(key, key): value for key, value in facts.items()}
    if final.total_steps is None and known.steps == final.step:
        return {}  # noted by the version that trained it, in more detail
    return facts
