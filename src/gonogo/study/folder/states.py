"""How far a trial has come, judged from its files alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml
from pydantic import JsonValue

from gonogo.core.errors import UserError
from gonogo.core.files import write_json, write_text
from gonogo.core.records import read_record
from gonogo.study.folder.fingerprints import Inputs, changed_keys, combine
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.records import EvaluationRecord, TrialResult
from gonogo.training.loop.states import FinalState

STUDY_FOLDER = "study_folder"
"""Key of ``trial.yaml``: where relative data were looked for first; no part of the fingerprint."""

State = Literal["new", "training", "trained", "finished", "stale"]


@dataclass(frozen=True)
class Standing:
    """A trial's state and why."""

    state: State
    reason: str
    step: int = 0
    """Optimiser steps behind the last checkpoint."""
    error: str = ""
    """What stopped the last attempt, if it failed."""


def write_config(folder: TrialFolder, config: dict[str, Any], training: Inputs) -> None:
    """Freeze a trial's configuration together with everything that its weights depend on."""
    record = {"fingerprint": combine(training), **config}
    write_text(folder.config, yaml.safe_dump(record, sort_keys=False, allow_unicode=True))
    write_json(folder.inputs, training)


def read_result(folder: TrialFolder) -> TrialResult:
    """Return what is known of a trial's cost; nothing where the file is gone or broken.

    A broken one is no loss: a run writes it anew from the checkpoint.
    """
    try:
        return read_record(folder.result, TrialResult)
    except UserError:
        return TrialResult()


def read_final(folder: TrialFolder) -> FinalState | None:
    """Return the facts of the finished training; None where there is none that is whole."""
    try:
        return read_record(folder.final / "state.json", FinalState)
    except UserError:
        return None


def read_evaluation(folder: TrialFolder) -> EvaluationRecord:
    """Return of what a trial's, or a reference row's, scores are complete.

    Raises:
        UserError: if that is not there or cannot be read.
    """
    return read_record(folder.evaluation, EvaluationRecord)


def is_scored(folder: TrialFolder, evaluation: Inputs) -> bool:
    """Tell whether the scores of a trial, or of a reference row, are there and are these."""
    try:
        return folder.scores.exists() and read_evaluation(folder).inputs == evaluation
    except UserError:
        return False


def _last_step(folder: TrialFolder) -> int:
    steps = [
        int(path.name.removeprefix("step_"))
        for path in (folder.path / "checkpoints").glob("step_*")
        if path.name.removeprefix("step_").isdigit() and (path / "state.json").exists()
    ]
    return max(steps, default=0)


def _last_error(folder: TrialFolder) -> str:
    """Return what ended the last attempt, and whether a monitor chose to end it."""
    result = read_result(folder)
    error = result.error or ""
    return f"aborted: {error}" if error and result.state == "aborted" else error


def _changes(folder: TrialFolder, training: Inputs) -> list[str]:
    """Say what differs from what a trial was trained on.

    Where ``inputs.json`` is broken the fingerprint in ``trial.yaml`` still tells whether anything
    does: then the next attempt writes the file anew, and only what changed is not known.
    """
    try:
        return changed_keys(read_record(folder.inputs, dict[str, JsonValue]), training)
    except UserError as error:
        if _frozen_fingerprint(folder) == combine(training):
            return []
        return [str(error)]


def _frozen_fingerprint(folder: TrialFolder) -> str:
    try:
        record = yaml.safe_load(folder.config.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return ""
    return str(record.get("fingerprint", "")) if isinstance(record, dict) else ""


def inspect(folder: TrialFolder, training: Inputs, evaluation: Inputs) -> Standing:
    """Compare a trial's files with what it should be now."""
    if not folder.inputs.exists():
        return Standing("new", "never started")
    changes = _changes(folder, training)
    if changes:
        return Standing("stale", "; ".join(changes))
    error = _last_error(folder)
    if read_final(folder) is None:
        step = _last_step(folder)
        reason = f"checkpoint at step {step}" if step else "no checkpoint yet"
        return Standing("training", reason, step, error)
    if not folder.evaluation.exists() or not folder.scores.exists():
        return Standing("trained", "not evaluated yet", error=error)
    try:
        changes = changed_keys(read_evaluation(folder).inputs, evaluation)
    except UserError as broken:
        return Standing("trained", f"to evaluate again: {broken}", error=error)
    if changes:
        return Standing("trained", "evaluation changed: " + "; ".join(changes))
    return Standing("finished", "scores are complete")
