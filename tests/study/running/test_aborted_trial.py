"""A collapse that a monitor stops, from the command line to the summary."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from planted_sequences import write_sequences
from planted_towers import Collapsed, write_tower_study
from shipped_monitors import monitor
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.study.running import trial as trials

REASON = "the separation margin is below 0.04 in 2 evaluations in a row"
REMEDIES = ("0.84-0.94", "8 mined negatives", "a temperature of 0.045")
GUARD = monitor("margin_guard", least=0.04, patience=2, after_epoch=1)
NAME = "residual/seed_1"


def write_study(world: Path) -> Path:
    training = {"epochs": 9, "checkpoint_every": 10}
    return write_tower_study(
        world,
        write_sequences(world),
        ["last_vector"],
        baseline="last_vector",
        training=training,
        monitors=[GUARD],
    )


def invoke(verb: str, study: Path, *more: str) -> Result:
    command = [verb, str(study), "--out", str(study.parent / "out"), *more]
    return CliRunner().invoke(app, command, catch_exceptions=False, env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def collapse() -> Callable[[pytest.MonkeyPatch], None]:
    """Return what plants the collapse: the tower is built as ever, and then answers as one."""
    build = trials.build_model

    def built(*arguments: object, **options: object) -> object:
        model = build(*arguments, **options)  # type: ignore[arg-type]
        model.__class__ = Collapsed
        return model

    return lambda patch: patch.setattr(trials, "build_model", built)


@pytest.fixture(scope="module")
def aborted(
    tmp_path_factory: pytest.TempPathFactory, collapse: Callable[[pytest.MonkeyPatch], None]
) -> tuple[Path, Result]:
    """Run a study whose only trial collapses; return its file and what was printed."""
    study = write_study(tmp_path_factory.mktemp("world"))
    with pytest.MonkeyPatch.context() as patch:
        collapse(patch)
        return study, invoke("run", study)


def folder_of(study: Path) -> Path:
    return study.parent / "out/towers/full"


def last_checkpoint(study: Path) -> int:
    places = (folder_of(study) / "trials" / NAME / "checkpoints").glob("step_*")
    return max(int(place.name.removeprefix("step_")) for place in places)


def test_the_command_fails_and_says_why_and_what_helps(aborted: tuple[Path, Result]) -> None:
    _, said = aborted
    assert said.exit_code == 1
    assert f"{NAME}: aborted: {REASON}" in said.stdout
    assert f"failed: {NAME}: {REASON}" in said.stderr
    assert all(remedy in said.stderr for remedy in REMEDIES)
    assert "Traceback" not in said.output


def test_the_trial_leaves_its_reason_and_where_it_stood(aborted: tuple[Path, Result]) -> None:
    study, _ = aborted
    trial = folder_of(study) / "trials" / NAME
    result = json.loads((trial / "result.json").read_text())
    assert result["state"] == "aborted"
    assert result["error"].startswith(REASON)
    assert 0 < result["steps"] < result["total_steps"]
    state = json.loads((trial / "checkpoints/abort/state.json").read_text())
    assert (state["step"], state["abort_reason"]) == (result["steps"], result["error"])
    assert (trial / "checkpoints/abort/heads.safetensors").exists()
    assert not (trial / "checkpoints/final").exists()
    assert not (trial / "scores.parquet").exists()


def test_verdict_and_summary_tell_of_it(aborted: tuple[Path, Result]) -> None:
    study, _ = aborted
    with (folder_of(study) / "summary.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["experiment"], row["status"]) == ("row", "failed")
    verdict = json.loads((folder_of(study) / "verdict.json").read_text())
    assert verdict["decision"]["verdict"] == "INCOMPLETE"
    assert [trial["state"] for trial in verdict["evidence"]["trials"]] == ["aborted"]
    [run] = verdict["runs"]["runs"]
    assert REASON in run["reason"]


def test_plan_and_status_tell_of_it(aborted: tuple[Path, Result]) -> None:
    study, _ = aborted
    [line] = [one for one in invoke("plan", study).stdout.splitlines() if NAME in one]
    assert line.split()[1] == "resume"
    assert f"checkpoint at step {last_checkpoint(study)}; last attempt: aborted: {REASON}" in line
    assert all(remedy in line for remedy in REMEDIES)
    assert f"last attempt: aborted: {REASON}" in invoke("status", study).stdout


def test_the_same_settings_abort_again_and_a_remedy_starts_anew(
    aborted: tuple[Path, Result], collapse: Callable[[pytest.MonkeyPatch], None]
) -> None:
    study, first = aborted
    trial = folder_of(study) / "trials" / NAME
    before = json.loads((trial / "result.json").read_text())
    why = f"checkpoint at step {last_checkpoint(study)}; last attempt: aborted: {REASON}"
    with pytest.MonkeyPatch.context() as patch:
        collapse(patch)
        again = invoke("run", study)
    assert again.exit_code == first.exit_code == 1
    assert f"{NAME}: resume ({why}" in again.stdout
    after = json.loads((trial / "result.json").read_text())
    assert (after["steps"], after["error"]) == (before["steps"], before["error"])
    remedy = ("--set", "tasks.next.objective.temperature=0.045")
    [line] = [one for one in invoke("plan", study, *remedy).stdout.splitlines() if NAME in one]
    assert line.split()[1:3] == ["run", "stale:"]
    assert "aborted" not in line
    healed = invoke("run", study, *remedy)
    assert healed.exit_code == 0, healed.output
    assert json.loads((trial / "result.json").read_text())["state"] == "finished"
    assert list((folder_of(study) / "stale").rglob("checkpoints/abort/state.json"))
