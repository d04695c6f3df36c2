"""Experiments that are really trained: heads on a few vectors, from file to summary."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from planted_runs import head_study
from planted_trials import plan_of

from gonogo.core.errors import UserError
from gonogo.core.files import read_json, read_json_lines
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.report.pages.summary import summary_csv
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.planning.plan import PlannedTrial
from gonogo.study.running import jobs
from gonogo.study.running.runner import RunSummary, run_plan
from gonogo.study.running.trial import Outcome, run_trial
from gonogo.study.tracking.experiments import gather_runs

SUMMARY = {
    "columns": {
        "run_id": "run_id",
        "experiment": "experiment",
        "steps": "training.max_steps",
        "warmup": "warmup_steps",
        "status": "status",
        "best": {"kind": "figure", "figure": "vs_teacher_recall@10", "which": "best"},
        "final": {"kind": "figure", "figure": "vs_teacher_ndcg@10", "which": "final"},
    },
    "rank_by": "best",
}


@pytest.fixture
def study(tiny_study: Path) -> Path:
    return head_study(
        tiny_study,
        summary=SUMMARY,
        experiments={
            "small_1": {"arm": "small", "seeds": [1]},
            "small_both": {"arm": "small"},
            "large_2": {"arm": "large", "seeds": [2]},
        },
    )


def run(study: Path, out: Path, *sets: str, **options: object) -> RunSummary:
    return run_plan(plan_of(study, out, *sets, **options), device="cpu", progress=Silent())


def summary(study: Path, out: Path, *sets: str) -> list[dict[str, str]]:
    text = summary_csv(decide_plan(plan_of(study, out, *sets), "x"))
    return list(csv.DictReader(io.StringIO(text)))


def test_a_matrix_is_run_once_and_tells_what_its_logs_tell(study: Path, tmp_path: Path) -> None:
    done = run(study, tmp_path, "training.warmup=2000")
    assert sorted(done.seconds) == ["large/seed_2", "small/seed_1", "small/seed_2"]
    assert not done.failed
    found = summary(study, tmp_path, "training.warmup=2000")
    assert [row["status"] for row in found] == ["success"] * 3
    assert {(row["steps"], row["warmup"]) for row in found} == {("6", "6")}
    for trial in plan_of(study, tmp_path, "training.warmup=2000").trials:
        lines = list(read_json_lines(trial.folder.log("train_logs.jsonl")))
        figures = {line["step"]: line["validation/vs_teacher_recall@10"] for line in lines}
        assert [step for step, value in figures.items() if value is not None] == [2, 4, 6]
        best = read_json(trial.folder.log("train_summary.json"))["best"]["vs_teacher_recall@10"]
        state = read_json(trial.folder.checkpoint("best") / "state.json")
        assert (best["step"], best["value"]) == (state["step"], state["value"])
        assert best["value"] == max(value for value in figures.values() if value is not None)
        if trial.name == "small/seed_1":
            assert float(found[0]["best"]) == best["value"]


def test_a_second_run_computes_nothing_and_keeps_the_names(study: Path, tmp_path: Path) -> None:
    run(study, tmp_path)
    before = gather_runs(plan_of(study, tmp_path))
    assert run(study, tmp_path).seconds == {}
    assert gather_runs(plan_of(study, tmp_path)) == before


def test_one_run_by_hand_and_back_again(study: Path, tmp_path: Path) -> None:
    run(study, tmp_path)
    before = gather_runs(plan_of(study, tmp_path))
    changed = plan_of(study, tmp_path, "training.learning_rate=0.01", only="large_2")
    run_plan(changed, device="cpu", progress=Silent(), run_id="my_custom_run")
    mine = summary(study, tmp_path, "training.learning_rate=0.01")
    assert [(row["run_id"], row["status"]) for row in mine] == [
        ("", "skipped"),
        ("", "skipped"),
        ("my_custom_run", "success"),
    ]
    assert run(study, tmp_path).seconds == {}
    after = gather_runs(plan_of(study, tmp_path))
    assert before is not None
    assert after is not None
    assert after == before


def test_wrong_input_of_one_trial_is_told_and_the_next_one_starts(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_but_small(trial: PlannedTrial, workplace: Workplace) -> Outcome:
        if trial.arm != "large":
            raise UserError("this corpus is empty", place="tasks.distill.data", hint="fill it")
        return run_trial(trial, workplace)

    monkeypatch.setattr(jobs, "run_trial", run_but_small)
    failed = run(study, tmp_path).failed
    assert set(failed.values()) == {"tasks.distill.data: this corpus is empty (fill it)"}
    statuses = [row["status"] for row in summary(study, tmp_path)]
    assert statuses == ["failed", "failed", "success"]


def test_a_trial_that_fails_spoils_its_rows_alone(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_but_large(trial: PlannedTrial, workplace: Workplace) -> Outcome:
        if trial.arm == "large":
            raise MemoryError("none left")
        return run_trial(trial, workplace)

    monkeypatch.setattr(jobs, "run_trial", run_but_large)
    assert run(study, tmp_path).failed == {"large/seed_2": "MemoryError: none left"}
    found = summary(study, tmp_path)
    assert [row["status"] for row in found] == ["success", "success", "failed"]
    assert found[2]["best"] == ""
