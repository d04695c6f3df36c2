"""How far a trial has come, also where its files of state are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gonogo.core.files import write_json
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.records import TrialResult
from gonogo.study.folder.states import inspect, is_scored, read_final, read_result, write_config

TRAINING: dict[str, Any] = {"seed": 1, "model.rank": 8, "empty": None, "rate": 1e-05}
EVALUATION: dict[str, Any] = {"evaluation.depth": 10}
BROKEN = ["[]", "{", "9" * 6000, '{"a":' * 50_000, '{"inputs": 3, "complete": 3}', "\x00"]


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    """Return a finished trial, as files tell."""
    place = TrialFolder(tmp_path / "trial")
    write_config(place, {"arm": "a"}, TRAINING)
    write_json(place.final / "state.json", {"complete": True, "step": 4})
    write_json(place.evaluation, {"inputs": EVALUATION, "parts": 1})
    write_json(place.result, {"state": "finished", "steps": 4})
    place.scores.touch()
    return place


def test_whole_files(folder: TrialFolder) -> None:
    assert inspect(folder, TRAINING, EVALUATION).state == "finished"
    stale = inspect(folder, {**TRAINING, "model.rank": 4}, EVALUATION)
    assert (stale.state, stale.reason) == ("stale", "model.rank: 8 -> 4")


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_files_are_never_trusted_and_never_end_a_plan(folder: TrialFolder, raw: str) -> None:
    folder.result.write_text(raw)
    assert read_result(folder) == TrialResult()
    assert inspect(folder, TRAINING, EVALUATION).state == "finished"
    folder.evaluation.write_text(raw)
    standing = inspect(folder, TRAINING, EVALUATION)
    assert standing.state == "trained"
    assert not is_scored(folder, EVALUATION)
    (folder.final / "state.json").write_text(raw)
    assert read_final(folder) is None
    assert inspect(folder, TRAINING, EVALUATION).state == "training"


@pytest.mark.parametrize("raw", [raw for raw in BROKEN if "inputs" not in raw])
def test_broken_inputs_are_told_by_the_frozen_fingerprint(folder: TrialFolder, raw: str) -> None:
    folder.inputs.write_text(raw)
    assert inspect(folder, TRAINING, EVALUATION).state == "finished"
    other = inspect(folder, {**TRAINING, "model.rank": 4}, EVALUATION)
    assert other.state == "stale"
    assert "inputs.json" in other.reason
    folder.config.write_text(raw)
    assert inspect(folder, TRAINING, EVALUATION).state == "stale"


def test_a_folder_in_a_files_place(folder: TrialFolder) -> None:
    for path in (folder.result, folder.evaluation):
        path.unlink()
        path.mkdir()
    assert read_result(folder) == TrialResult()
    assert inspect(folder, TRAINING, EVALUATION).state == "trained"


def test_a_trial_under_way_says_where_it_goes_on(folder: TrialFolder) -> None:
    inputs = {"seed": 1}
    write_json(folder.inputs, inputs)
    for path in folder.path.glob("checkpoints/*/state.json"):
        path.unlink()
    assert inspect(folder, inputs, {}).reason == "no checkpoint yet"
    for step in (12, 40):
        write_json(folder.path / f"checkpoints/step_{step:06d}/state.json", {})
    standing = inspect(folder, inputs, {})
    assert (standing.state, standing.reason) == ("training", "checkpoint at step 40")
    assert standing.step == 40


def test_what_ended_the_last_attempt_is_told_beside_broken_scores(folder: TrialFolder) -> None:
    inputs = {"seed": 1}
    write_json(folder.inputs, inputs)
    write_json(folder.final / "state.json", {"complete": True})
    write_json(folder.result, {"state": "failed", "error": "out of memory"})
    folder.scores.parent.mkdir(parents=True, exist_ok=True)
    folder.scores.write_bytes(b"")
    folder.evaluation.write_text("{")
    standing = inspect(folder, inputs, {})
    assert standing.state == "trained"
    assert standing.reason.startswith("to evaluate again: ")
    assert standing.error == "out of memory"
