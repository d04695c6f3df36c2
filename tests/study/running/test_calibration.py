"""A calibration measures, extrapolates to the steps that training takes, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_trials import finish, plan_of, planted_scores

from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.core.progress import Silent
from gonogo.study.planning.forecast import calibration_path, forecast_cost
from gonogo.study.running import calibration, probes
from gonogo.study.running.calibration import calibrate
from gonogo.study.running.runner import run_plan

FEW = ("training.accumulation=1", "training.max_steps=3")


def test_it_writes_one_file_and_every_trial_stays_new(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path, *FEW)
    record = calibrate(plan, device="cpu", progress=Silent())
    assert list(plan.folder.path.rglob("*")) == [calibration_path(plan)]
    assert read_json(calibration_path(plan)) == record
    assert record["device"] == "cpu"
    assert set(record["arms"]) == {"emb_only", "rank_only", "joint_single"}
    for part in record["arms"].values():
        assert part["training_seconds"] > 0
        assert part["evaluation_seconds"] > 0
        assert part["disk_mb"] > 0
    assert {trial.action for trial in plan_of(tiny_study, tmp_path, *FEW).trials} == {"run"}


def test_arms_share_what_they_have_in_common(tiny_study: Path, tmp_path: Path) -> None:
    arms = calibrate(plan_of(tiny_study, tmp_path, *FEW), device="cpu", progress=Silent())["arms"]
    joint = arms["joint_single"]["seconds_per_step"]
    alone = {**arms["emb_only"]["seconds_per_step"], **arms["rank_only"]["seconds_per_step"]}
    assert joint == alone
    assert arms["joint_single"]["training_seconds"] > arms["emb_only"]["training_seconds"]


@pytest.mark.parametrize(("sample", "slack"), [(10_000, 0.0), (20, 0.1)])
def test_its_steps_are_those_that_training_takes(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int, slack: float
) -> None:
    """Exactly; nearly where a task is prepared for a part of its queries, here 20 of 38."""
    monkeypatch.setattr(probes, "QUERIES", sample)
    sets = ("training.accumulation=1", "training.max_steps=null")
    plan = plan_of(tiny_study, tmp_path, *sets, tier="quick", only="joint*")
    steps = calibrate(plan, device="cpu", progress=Silent())["arms"]["joint_single"]["steps"]
    assert not run_plan(plan, device="cpu", progress=Silent()).failed
    result = read_json(plan.trials[0].folder.result)
    assert result["total_steps"] == pytest.approx(steps, rel=slack)


def test_the_forecast_uses_it_until_the_study_changes(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path, *FEW)
    record = calibrate(plan, device="cpu", progress=Silent())
    forecast = forecast_cost(plan)
    assert forecast is not None
    assert forecast.source.startswith("a calibration on cpu (20")
    parts = [record["arms"][trial.arm] for trial in plan.trials]
    keys = ("preparation_seconds", "training_seconds", "evaluation_seconds")
    untrained = sum(part["evaluation_seconds"] for part in record["arms"].values()) / 3
    whole = untrained + sum(part[key] for part in parts for key in keys)
    assert forecast.elapsed(1) == pytest.approx(whole)
    changed = plan_of(tiny_study, tmp_path, *FEW, "training.learning_rate=0.5")
    assert forecast_cost(changed) is None


def test_a_finished_study_is_not_measured_again(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own trials have told what they cost."""

    def never(*_: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(probes, "time_task", never)
    sets = (*FEW, "evaluation.references=[]")
    for trial in plan_of(tiny_study, tmp_path, *sets).trials:
        finish(trial, planted_scores(trial, lambda arm, seed, task: 1.0))
    plan = plan_of(tiny_study, tmp_path, *sets)
    assert calibrate(plan, device="cpu", progress=Silent()) == {}
    assert not calibration_path(plan).exists()
    with pytest.raises(AssertionError, match="measured"):
        calibrate(plan_of(tiny_study, tmp_path, *FEW), device="cpu", progress=Silent())


def test_without_a_trial_of_the_first_seed_it_says_so(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path, only="*/seed_2")
    with pytest.raises(UserError, match="first seed"):
        calibration.calibrate(plan, device="cpu", progress=Silent())
