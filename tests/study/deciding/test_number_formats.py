"""Scores in fp32 beside those of the format that a gate judges, and how far the two lie apart."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from planted_trials import finish, plan_of, planted_scores

from gonogo.core.files import write_json
from gonogo.core.progress import Silent
from gonogo.data.files.score_table import read_scores, write_scores
from gonogo.report.tables.cost_tables import format_table
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.deciding.formats import format_differences
from gonogo.study.planning.plan import Plan
from gonogo.study.running.runner import run_plan

BESIDE = "evaluation.fp32_beside=true"


def scored_in_both(path: Path, out: Path, shift: dict[str, float]) -> Plan:
    """Finish the tiny study in bf16, and in fp32 with means that lie so much higher."""
    for trial in plan_of(path, out, BESIDE).trials:
        table = planted_scores(trial, lambda *_: 0.9, noise=0.01)
        finish(trial, table, {"precision": "bf16"})
        moved = table.with_columns(pl.col("value") + shift[trial.arm])
        write_scores(trial.folder.in_fp32.scores, moved)
        write_json(trial.folder.in_fp32.evaluation, {"inputs": trial.evaluation})
    return plan_of(path, out, BESIDE)


def test_the_page_says_how_much_of_the_line_two_formats_differ_by(
    tiny_study: Path, tmp_path: Path
) -> None:
    shift = {"emb_only": 0.002, "rank_only": 0.0001, "joint_single": -0.001}
    plan = scored_in_both(tiny_study, tmp_path, shift)
    found = {(one.arm, one.task): one for one in format_differences(plan)}
    assert {arm for arm, _ in found} == set(shift)
    judged = found["emb_only", "embed"]
    assert (judged.precision, judged.seeds, judged.metric) == ("bf16", 2, "nDCG@10")
    assert judged.fp32 - judged.stated == pytest.approx(0.002)
    assert judged.line == pytest.approx(0.02 * judged.stated)  # 2 % of what the specialist scores
    assert judged.share == pytest.approx(0.002 / (0.02 * judged.stated))
    assert found["emb_only", "rerank"].share is None  # which nothing judges
    verdict = decide_plan(plan, "")
    told = [text for text in verdict.decision.warnings if "fp32" in text]
    assert any(text.startswith("emb_only on embed: nDCG@10") and "line" in text for text in told)
    assert not any(text.startswith("rank_only on rerank") for text in told)  # 1 % of its line
    assert len(format_table(verdict.evidence.formats).rows) == len(found)


def test_arms_in_different_formats_are_told(tiny_study: Path, tmp_path: Path) -> None:
    for trial in plan_of(tiny_study, tmp_path).trials:
        precision = "bf16" if trial.arm == "joint_single" else "fp32"
        finish(trial, planted_scores(trial, lambda *_: 0.9, noise=0.01), {"precision": precision})
    warnings = decide_plan(plan_of(tiny_study, tmp_path), "").decision.warnings
    told = "(joint_single in bf16; emb_only and rank_only in fp32)"
    assert any(told in text for text in warnings)


def test_a_study_that_does_not_ask_is_what_it_was(tiny_study: Path, tmp_path: Path) -> None:
    plain, asking = plan_of(tiny_study, tmp_path), plan_of(tiny_study, tmp_path, BESIDE)
    assert plain.trials[0].training == asking.trials[0].training
    more = asking.trials[0].evaluation.items() - plain.trials[0].evaluation.items()
    assert dict(more) == {"evaluation.fp32_beside": True}


@pytest.mark.train
def test_a_trial_in_bf16_is_scored_in_fp32_first(tiny_study: Path, tmp_path: Path) -> None:
    few = ["seeds=[1]", "training.precision=bf16", "training.max_steps=2", BESIDE]
    options = {"tier": "quick", "only": "emb_only"}
    run_plan(plan_of(tiny_study, tmp_path, *few, **options), device="cpu", progress=Silent())
    plan = plan_of(tiny_study, tmp_path, *few, **options)
    (trial,) = plan.trials
    assert trial.action == "skip"
    keys = ["task", "dataset", "metric", "query_id"]
    stated, exact = read_scores(trial.folder.scores), read_scores(trial.folder.in_fp32.scores)
    assert stated.select(keys).equals(exact.select(keys))
    assert stated["value"].to_list() != exact["value"].to_list()
    assert (stated["value"] - exact["value"]).mean() == pytest.approx(0, abs=0.1)
    assert {one.precision for one in format_differences(plan)} == {"bf16"}
