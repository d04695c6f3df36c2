"""The rows of a study's summary, from finished, failed and broken trials."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from planted_runs import COLUMNS, finish_all, finish_trial, with_runs, write_logs
from planted_trials import finish, plan_of, planted_scores

from gonogo.analysis.records.run_table import Run, RunTable
from gonogo.api.studies.plan_words import plan_lines
from gonogo.core.errors import UserError
from gonogo.core.files import append_json_line, read_json, read_json_lines, write_text
from gonogo.report.pages.contents import contents
from gonogo.report.pages.summary import summary_csv, summary_text
from gonogo.report.tables.run_tables import runs_csv
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.reading.shipped import shipped_studies
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.folder.shipped import find_study
from gonogo.study.folder.states import write_config
from gonogo.study.planning.plan import Plan
from gonogo.study.running.trial import record_failure
from gonogo.study.tracking.experiments import gather_runs
from gonogo.study.tracking.run_ids import register_runs
from gonogo.study.tracking.run_logs import restore_run_logs


@pytest.fixture
def study(tiny_study: Path) -> Path:
    return with_runs(tiny_study)


def table(plan: Plan) -> RunTable:
    found = gather_runs(plan)
    assert found is not None
    return found


def rows(plan: Plan) -> dict[str, Run]:
    return {run.experiment: run for run in table(plan).runs}


def test_rows_that_share_trials_compute_them_once(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path)
    assert [trial.name for trial in plan.trials] == [
        "emb_only/seed_1",
        "emb_only/seed_2",
        "joint_single/seed_2",
    ]
    found = rows(finish_all(study, tmp_path))
    assert found["one"].seeds[0] == found["both"].seeds[0]


def test_an_arm_that_no_row_names_is_said_to_be_idle(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path)
    assert plan.study.idle_arms == ("rank_only",)
    assert "  never trained, for no experiment names it: rank_only" in plan_lines(plan)
    with pytest.raises(UserError) as raised:
        plan_of(study, tmp_path, only="rank_only")
    assert "never trained, for no experiment names them: rank_only" in str(raised.value.hint)


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_no_shipped_study_has_an_idle_arm(name: str) -> None:
    assert resolve(find_study(name)).idle_arms == ()


def test_best_of_all_looks_final_of_the_last_mean_and_spread_by_hand(
    study: Path, tmp_path: Path
) -> None:
    found = rows(finish_all(study, tmp_path))
    assert {run.status for run in found.values()} == {"success"}
    assert found["one"].values["recall"] == pytest.approx(0.3)
    assert found["one"].values["ndcg"] == pytest.approx(0.1)
    assert found["one"].stds == {}
    assert found["both"].values["recall"] == pytest.approx(0.45)
    assert found["both"].stds["recall"] == pytest.approx(0.3 / 2**0.5)
    assert found["both"].values["ndcg"] == pytest.approx(0.15)


def test_scores_weigh_data_sets_equally(study: Path, tmp_path: Path) -> None:
    plan = finish_all(study, tmp_path)
    run = rows(plan)["one"]
    scores = decide_plan(plan, "x").scores
    mean = next(
        s.mean
        for s in scores
        if (s.arm, s.task, s.dataset, s.metric) == ("emb_only", "embed", None, "nDCG@10")
    )
    assert run.values["scored"] == pytest.approx(mean)


def test_settings_are_those_that_are_resolved(study: Path, tmp_path: Path) -> None:
    more = ("training.learning_rate=3e-5", "training.max_steps=7")
    values = {name: run.values for name, run in rows(plan_of(study, tmp_path, *more)).items()}
    assert values["one"]["lr"] == 3e-5
    assert values["one"]["steps"] == 7
    assert values["long"]["batch"] == 4


def test_a_warmup_longer_than_the_run_is_given_as_it_was_taken(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, "training.warmup=2000", "training.max_steps=6")
    assert rows(plan)["one"].values["warmup"] == 6
    finish_trial(plan.trials[0], [0.5])  # it took 4 steps, for want of data
    plan = plan_of(study, tmp_path, "training.warmup=2000", "training.max_steps=6")
    assert rows(plan)["one"].values["warmup"] == 4


def test_csv_has_the_columns_in_order_and_quotes_commas(study: Path, tmp_path: Path) -> None:
    text = runs_csv(table(finish_all(study, tmp_path)))
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert ',"1,2",' in text
    read = list(csv.DictReader(io.StringIO(text)))
    assert [row["seeds"] for row in read] == ["1", "1,2", "2"]
    assert all(set(row) == set(COLUMNS) for row in read)
    assert float(read[1]["recall"]) == rows(plan_of(study, tmp_path))["both"].values["recall"]


def test_quick_runs_never_satisfy_full_ones(study: Path, tmp_path: Path) -> None:
    finish_all(study, tmp_path, tier="quick")
    full = plan_of(study, tmp_path)
    assert {trial.action for trial in full.trials} == {"run"}
    assert {run.status for run in rows(full).values()} == {"skipped"}
    quick = rows(plan_of(study, tmp_path, tier="quick"))
    assert {run.status for run in quick.values()} == {"success"}
    assert quick["one"].values["steps"] == 2


def test_one_unfinished_seed_keeps_a_run_from_being_a_success(study: Path, tmp_path: Path) -> None:
    finish_trial(plan_of(study, tmp_path).trials[0], [0.5])
    found = rows(plan_of(study, tmp_path))
    assert found["one"].status == "success"
    assert found["both"].status == "skipped"
    assert found["both"].values["recall"] is None
    assert found["both"].reason == "seed 2: never started"
    assert found["both"].seeds[0].figures["recall"] == 0.5


def test_failures_and_interruptions_are_failed_and_say_why(study: Path, tmp_path: Path) -> None:
    first, second, third = plan_of(study, tmp_path).trials
    write_config(first.folder, {}, first.training)
    record_failure(first, "no memory left")
    write_config(second.folder, {}, second.training)
    record_failure(third, "it could not even start")
    found = rows(plan_of(study, tmp_path))
    assert (found["one"].status, found["one"].reason) == ("failed", "seed 1: no memory left")
    assert found["both"].reason.endswith("seed 2: unfinished: no checkpoint yet")
    assert found["long"].reason == "seed 2: it could not even start"


def test_trained_but_not_scored_or_never_looked_at_is_no_eval(study: Path, tmp_path: Path) -> None:
    plan = finish_all(study, tmp_path)
    plan.trials[0].folder.evaluation.unlink()
    for log in plan.trials[2].folder.log("").iterdir():
        log.unlink()
    write_text(plan.trials[2].folder.log("validation.jsonl"), '{"step": 1, "other": 0.5}\n')
    found = rows(plan_of(study, tmp_path))
    assert found["one"].status == "no_eval"
    assert found["long"].reason == "seed 2: no look has the figure 'R@10'"
    assert found["long"].status == "no_eval"


def test_missing_and_broken_logs_have_a_status_of_their_own(study: Path, tmp_path: Path) -> None:
    plan = finish_all(study, tmp_path)
    for log in plan.trials[0].folder.log("").iterdir():
        log.unlink()
    write_text(plan.trials[2].folder.log("train_logs.jsonl"), "{broken\n")
    found = rows(plan_of(study, tmp_path))
    assert found["one"].status == "missing_logs"
    assert found["both"].status == "missing_logs"
    assert found["long"].status == "parse_error"


@pytest.mark.parametrize("gone", ["train_logs.jsonl", "train_logs.parquet"])
def test_rebuilt_from_either_log_the_summary_is_the_same(
    study: Path, tmp_path: Path, gone: str
) -> None:
    plan = finish_all(study, tmp_path)
    before = table(plan)
    for trial in plan.trials:
        for name in (gone, "validation.jsonl", "validation.parquet", "train.jsonl"):
            trial.folder.log(name).unlink(missing_ok=True)
    restore_run_logs(plan)
    assert table(plan) == before


def test_joined_logs_that_are_gone_are_written_again(study: Path, tmp_path: Path) -> None:
    plan = finish_all(study, tmp_path)
    names = ("train_logs.jsonl", "train_logs.parquet", "train_summary.json")
    before = [plan.trials[0].folder.log(name).read_bytes() for name in names]
    for name in names:
        plan.trials[0].folder.log(name).unlink()
    restore_run_logs(plan)
    assert [plan.trials[0].folder.log(name).read_bytes() for name in names] == before


def test_unfinished_trials_have_joined_logs_and_keep_their_status(
    study: Path, tmp_path: Path
) -> None:
    stopped, failed, untouched = plan_of(study, tmp_path).trials
    write_config(stopped.folder, {}, stopped.training)
    write_logs(stopped.folder, [0.25, 0.5], joined=False)
    write_config(failed.folder, {}, failed.training)
    write_logs(failed.folder, [0.75], joined=False)
    record_failure(failed, "no memory left")
    assert read_json(failed.folder.log("train_summary.json"))["looks"] == 1
    before = rows(plan_of(study, tmp_path))
    restore_run_logs(plan_of(study, tmp_path))
    assert rows(plan_of(study, tmp_path)) == before
    assert {run.status for run in before.values()} == {"failed", "skipped"}
    lines = list(read_json_lines(stopped.folder.log("train_logs.jsonl")))
    assert pl.read_parquet(stopped.folder.log("train_logs.parquet")).to_dicts() == lines
    assert [line["validation/R@10"] for line in lines] == [None, 0.25, None, 0.5]
    assert not untouched.folder.log("").exists()


def test_joined_logs_that_are_behind_are_joined_anew(study: Path, tmp_path: Path) -> None:
    trial = plan_of(study, tmp_path).trials[0]
    write_config(trial.folder, {}, trial.training)
    write_logs(trial.folder, [0.5])
    appended = {"step": 4, "epoch": 1.0, "R@10": 0.75, "nDCG@10": 0.5, "best": True}
    append_json_line(trial.folder.log("validation.jsonl"), appended)
    # Killed between its last checkpoint and the joining of its logs, and scored afterwards.
    finish(trial, planted_scores(trial, lambda *_: 1.0))
    assert rows(plan_of(study, tmp_path))["one"].values["recall"] == 0.75
    before = trial.folder.log("train_logs.jsonl").read_text()
    restore_run_logs(plan_of(study, tmp_path))
    assert trial.folder.log("train_logs.jsonl").read_text() != before
    assert rows(plan_of(study, tmp_path))["one"].values["recall"] == 0.75
    assert read_json(trial.folder.log("train_summary.json"))["best"]["R@10"]["step"] == 4


def test_seeds_keep_logs_of_their_own(study: Path, tmp_path: Path) -> None:
    plan = finish_all(study, tmp_path)
    logs = [trial.folder.log("train_logs.jsonl") for trial in plan.trials]
    assert len({log.resolve() for log in logs}) == len({log.read_text() for log in logs[:2]}) + 1


def test_a_dry_run_names_what_is_left_and_writes_nothing(study: Path, tmp_path: Path) -> None:
    finish_trial(plan_of(study, tmp_path).trials[0], [0.5])
    before = sorted(tmp_path.rglob("*"))
    found = gather_runs(plan_of(study, tmp_path), dry_run=True)
    assert found is not None
    assert [run.status for run in found.runs] == ["success", "dry_run", "dry_run"]
    assert found.runs[2].run_id.startswith("v1_long_s4_seeds2_b4_2")
    assert sorted(tmp_path.rglob("*")) == before


def test_best_three_and_averages_are_over_successful_runs(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path)
    finish_trial(plan.trials[0], [0.9])
    finish_trial(plan.trials[2], [0.7])
    found = table(plan_of(study, tmp_path))
    assert found.best == ("one", "long")
    assert found.averages["recall"] == pytest.approx(0.8)


def test_verdict_and_summaries_hold_the_runs(study: Path, tmp_path: Path) -> None:
    plan = finish_all(study, tmp_path)
    write_text(plan.trials[2].folder.log("train_logs.jsonl"), "{broken\n")
    verdict = decide_plan(plan_of(study, tmp_path), "x")
    assert summary_csv(verdict).splitlines()[0] == ",".join(COLUMNS)
    text = summary_text(verdict, contents(verdict))
    assert "Best by recall\n  1. both: 0.4500 ± 0.2121 (v1_both_s4_seeds12_b4_" in text
    assert "Averages over 2 successful runs\n  scored: 0." in text
    assert "Failed or incomplete\n  long: parse_error: seed 2: train_logs.jsonl" in text
    assert "Runs, seed by seed" in text


def test_a_study_without_experiments_has_a_row_for_each_arm(
    tiny_study: Path, tmp_path: Path
) -> None:
    plan = finish_all(with_runs(tiny_study, experiments={}), tmp_path)
    assert [run.experiment for run in table(plan).runs] == ["emb_only", "rank_only", "joint_single"]
    assert table(plan).runs[0].values["seeds"] == "1,2"


def test_a_study_that_asks_for_no_summary_has_none(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path)
    assert gather_runs(plan) is None
    register_runs(plan)
    assert not plan.folder.runs.exists()


def test_experiments_alone_are_shown_with_the_usual_facts(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(with_runs(tiny_study, summary=None), tmp_path)
    assert table(plan).columns[:3] == ("timestamp", "run_id", "experiment")
    assert table(plan).measured == ()
