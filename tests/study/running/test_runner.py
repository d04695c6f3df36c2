"""A run plans inside the lock, and one job's failure is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted_trials import finish, plan_of, planted_scores

from gonogo.core.files import read_json
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.study.running import jobs
from gonogo.study.running.runner import run_plan
from gonogo.study.running.trial import Outcome

NO_ROWS = "evaluation.references=[]"


class Panic(BaseException):
    """What a library of Rust raises through its bindings: no Exception."""


def half(arm: str, seed: int, task: str) -> float:
    del arm, seed, task
    return 0.5


def test_what_another_run_finished_since_the_plan_is_not_run_again(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned_early = plan_of(tiny_study, tmp_path, NO_ROWS)
    assert {trial.action for trial in planned_early.trials} == {"run"}
    *done, last = planned_early.trials
    for trial in done:
        finish(trial, planted_scores(trial, half))
    ran = []

    def planted(trial: Any, _: Workplace) -> Outcome:
        ran.append(trial.name)
        finish(trial, planted_scores(trial, half))
        return Outcome("finished")

    monkeypatch.setattr(jobs, "run_trial", planted)
    before = {trial.name: trial.folder.scores.stat().st_mtime_ns for trial in done}
    summary = run_plan(planned_early, device="cpu", progress=Silent())
    assert ran == [last.name] == list(summary.seconds)
    assert not (planned_early.folder.path / "stale").exists()
    assert before == {trial.name: trial.folder.scores.stat().st_mtime_ns for trial in done}


def test_force_is_force_also_when_planned_again(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for trial in plan_of(tiny_study, tmp_path, NO_ROWS).trials:
        finish(trial, planted_scores(trial, half))
    forced = plan_of(tiny_study, tmp_path, NO_ROWS, only="emb_only/seed_1", force=True)
    ran = []

    def planted(trial: Any, _: Workplace) -> Outcome:
        ran.append(trial.name)
        return Outcome("finished")

    monkeypatch.setattr(jobs, "run_trial", planted)
    run_plan(forced, device="cpu", progress=Silent())
    assert ran == ["emb_only/seed_1"]
    assert len(list((forced.folder.path / "stale").glob("*/*"))) == 1


@pytest.mark.parametrize("raised", [Panic("bad parquet"), MemoryError("none left"), OSError("x")])
def test_whatever_one_trial_raises_the_others_are_run(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def fails_once(trial: Any, _: Workplace) -> Outcome:
        if trial.name == "rank_only/seed_1":
            raise raised
        finish(trial, planted_scores(trial, half))
        return Outcome("finished")

    monkeypatch.setattr(jobs, "run_trial", fails_once)
    plan = plan_of(tiny_study, tmp_path, NO_ROWS)
    summary = run_plan(plan, device="cpu", progress=Silent())
    assert list(summary.failed) == ["rank_only/seed_1"]
    assert len(summary.seconds) == len(plan.trials) - 1
    noted = read_json(plan.folder.trial("rank_only", 1).result)
    assert noted["state"] == "failed"
    assert noted["error"].startswith(type(raised).__name__)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_who_wants_to_end_the_process_ends_it(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    def ends(trial: Any, _: Workplace) -> Outcome:
        raise raised

    monkeypatch.setattr(jobs, "run_trial", ends)
    plan = plan_of(tiny_study, tmp_path, NO_ROWS)
    if raised is SystemExit:
        with pytest.raises(SystemExit):
            run_plan(plan, device="cpu", progress=Silent())
        return
    assert run_plan(plan, device="cpu", progress=Silent()).interrupted


def test_a_failure_that_cannot_be_noted_is_told_all_the_same(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Outcome:
        raise OSError(28, "No space left on device")

    for name in ("run_trial", "record_failure", "write_text"):
        monkeypatch.setattr(jobs, name, full)
    plan = plan_of(tiny_study, tmp_path, NO_ROWS)
    failed = run_plan(plan, device="cpu", progress=Silent()).failed
    assert len(failed) == len(plan.trials)
    assert all("nor could that be noted" in reason for reason in failed.values())
