"""What follows from checkpoint and scores is written anew where a stop has left it behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gonogo.core.files import append_json_line, read_json, write_json
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.running.settling import settle

INPUTS: dict[str, Any] = {"evaluation.depth": 10}
FINAL = {
    "complete": True,
    "fingerprint": "abc",
    "step": 20,
    "examples": {"distill": 160},
    "epochs": {"distill": 2},
    "seconds": 7.5,
    "total_steps": 20,
    "peak_memory_mb": 300.0,
    "preparation_seconds": 1.5,
    "trainable_parameters": 12,
    "device": "cpu",
    "precision": "fp32",
}
TRAINED = {
    "state": "trained",
    "steps": 20,
    "total_steps": 20,
    "examples": {"distill": 160},
    "train_seconds": 7.5,
    "preparation_seconds": 1.5,
    "peak_memory_mb": 300.0,
    "trainable_parameters": 12,
    "device": "cpu",
    "precision": "fp32",
}


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    """Return a trial that was killed right after its final checkpoint came into place."""
    place = TrialFolder(tmp_path)
    write_json(place.final / "state.json", FINAL)
    for step in (4, 8, 12, 16, 20):
        append_json_line(place.log("validation.jsonl"), {"step": step, "R@10": step / 20})
    for step in range(1, 21):
        append_json_line(place.log("train.jsonl"), {"step": step, "task": "distill", "loss": 1.0})
    return place


def test_killed_between_checkpoint_and_record(folder: TrialFolder) -> None:
    """The record of an earlier stop says 6 of 20, one look was joined: neither is published."""
    write_json(folder.result, {"state": "training", "steps": 6, "train_seconds": 1.0})
    write_json(folder.log("train_summary.json"), {"looks": 1})
    assert settle(folder, INPUTS)
    assert read_json(folder.result) == TRAINED
    summary = read_json(folder.log("train_summary.json"))
    assert (summary["looks"], summary["steps"], summary["train_seconds"]) == (5, 20, 7.5)
    assert summary["best"]["R@10"] == {"value": 1.0, "step": 20}
    assert len(folder.log("train_logs.jsonl").read_text().splitlines()) == 20
    joined, train = (pl.read_parquet(folder.log(f"{n}.parquet")) for n in ("train_logs", "train"))
    assert joined["step"].to_list() == train["step"].to_list() == list(range(1, 21))
    assert not settle(folder, INPUTS)


def test_killed_between_scores_and_record(folder: TrialFolder) -> None:
    settle(folder, INPUTS)
    write_json(folder.evaluation, {"inputs": INPUTS, "parts": 1, "seconds": 2.5})
    folder.scores.touch()
    assert settle(folder, INPUTS)
    finished = {**TRAINED, "state": "finished", "evaluation_seconds": 2.5}
    assert read_json(folder.result) == finished
    assert not settle(folder, INPUTS)
    assert settle(folder, {"evaluation.depth": 5}), "scores of another evaluation are not these"
    assert read_json(folder.result)["state"] == "trained"


@pytest.mark.parametrize("raw", ["[]", "{", None])
def test_a_record_that_is_gone_or_broken_is_rebuilt(folder: TrialFolder, raw: str | None) -> None:
    if raw is not None:
        folder.result.write_text(raw)
    assert settle(folder, INPUTS)
    assert read_json(folder.result) == TRAINED


def test_the_note_of_a_failure_goes_once_the_training_is_whole(folder: TrialFolder) -> None:
    write_json(folder.result, {"state": "failed", "error": "no memory"})
    settle(folder, INPUTS)
    assert read_json(folder.result) == TRAINED


def test_records_of_earlier_versions_stay_as_they_are(folder: TrialFolder) -> None:
    """Their checkpoints know less than the record beside them."""
    old = {"complete": True, "step": 20, "examples": {"distill": 160}, "seconds": 7.0}
    write_json(folder.final / "state.json", old)
    write_json(folder.evaluation, {"inputs": INPUTS, "parts": 1})
    folder.scores.touch()
    known = {**TRAINED, "state": "finished", "train_seconds": 9.0, "evaluation_seconds": 3.0}
    write_json(folder.result, known)
    assert not settle(folder, INPUTS)
    assert read_json(folder.result) == known
    folder.result.unlink()
    assert settle(folder, INPUTS)
    rebuilt = {"state": "finished", "steps": 20, "examples": {"distill": 160}, "train_seconds": 7.0}
    assert read_json(folder.result) == rebuilt


def test_a_training_that_is_not_whole_is_left_alone(folder: TrialFolder) -> None:
    (folder.final / "state.json").unlink()
    assert not settle(folder, INPUTS)
    assert not folder.result.exists()


def test_a_broken_log_keeps_no_record_from_being_settled(folder: TrialFolder) -> None:
    folder.log("validation.jsonl").write_text("[\n")
    assert settle(folder, INPUTS)
    assert read_json(folder.result) == TRAINED
