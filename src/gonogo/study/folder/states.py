"""How far a trial has come, judged from its files alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from gonogo.core.files import read_json, write_json, write_text
from gonogo.study.folder.fingerprints import Inputs, changed_keys, combine
from gonogo.study.folder.layout import TrialFolder

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


def read_result(folder: TrialFolder) -> dict[str, Any]:
    """Return what is known of a trial's cost; empty when nothing is."""
    if not folder.result.exists():
        return {}
    result = read_json(folder.result)
    return result if isinstance(result, dict) else {}


def _last_step(folder: TrialFolder) -> int:
    steps = [
        int(path.name.removeprefix("step_"))
        for path in (folder.path / "checkpoints").glob("step_*")
        if path.name.removeprefix("step_").isdigit() and (path / "state.json").exists()
    ]
    return max(steps, default=0)


def _is_complete(path: TrialFolder) -> bool:
    state = path.final / "state.json"
    return state.exists() and read_json(state).get("complete") is True


def _last_error(folder: TrialFolder) -> str:
    """Return what ended the last attempt, and whether a monitor chose to end it."""
    result = read_result(folder)
    error = str(result.get("error", ""))
    return f"aborted: {error}" if error and result.get("state") == "aborted" else error


def inspect(folder: TrialFolder, training: Inputs, evaluation: Inputs) -> Standing:
    """Compare a trial's files with what it should be now."""
    if not folder.inputs.exists():
        return Standing("new", "never started")
    changes = changed_keys(read_json(folder.inputs), training)
    if changes:
        return Standing("stale", "; ".join(changes))
    error = _last_error(folder)
    if not _is_complete(folder):
        step = _last_step(folder)
        reason = f"checkpoint at step {step}" if step else "no checkpoint yet"
        return Standing("training", reason, step, error)
    if not folder.evaluation.exists() or not folder.scores.exists():
        return Standing("trained", "not evaluated yet", error=error)
    done = read_json(folder.evaluation)
    changes = changed_keys(done.get("inputs", {}), evaluation)
    if changes:
        return Standing("trained", "evaluation changed: " + "; ".join(changes))
    return Standing("finished", "scores are complete")
