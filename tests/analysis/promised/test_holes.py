"""A verdict is never computed over a hole, and every hole is named."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planted_verdicts import ARMS, verdict, where

PLAN = {
    "arms": ARMS,
    "seeds": (1, 2, 3),
    "tasks": {"embed": ("ants", "bees"), "rerank": ("ants", "bees")},
}


def missing(frame: pl.DataFrame, **plan: object) -> tuple[str, ...]:
    found = verdict(frame, **(plan or PLAN))
    assert found.decision.verdict == "INCOMPLETE"
    assert found.decision.support == "not decided"
    assert found.decision.sentence.startswith("INCOMPLETE, not decided: missing ")
    return found.decision.missing


def test_a_missing_arm(interference):
    frame = interference().filter(~where(arm="rank_only"))
    assert missing(frame) == ("rank_only seeds 1, 2, 3, rerank, nDCG@10: all of ants, bees",)


def test_an_arm_that_never_ran_is_not_certified_anything(interference):
    found = verdict(interference().filter(~where(arm="joint_single")), **PLAN)
    assert found.decision.verdict == "INCOMPLETE"
    assert found.effects == ()


def test_a_missing_seed(interference):
    frame = interference().filter(~where(arm="joint_single", seed=2))
    assert missing(frame) == (
        "joint_single seed 2, embed, nDCG@10: all of ants, bees",
        "joint_single seed 2, rerank, nDCG@10: all of ants, bees",
    )


def test_arms_whose_seeds_differ_without_a_plan(interference):
    frame = interference().filter(~where(arm="emb_only", seed=3))
    found = verdict(frame)
    assert found.decision.missing == ("emb_only seed 3, embed, nDCG@10: all of ants, bees",)


def test_a_missing_dataset(interference):
    frame = interference().filter(~where(arm="emb_only", seed=1, dataset="bees"))
    assert missing(frame) == ("emb_only seed 1, embed, bees, nDCG@10: all queries",)


def test_a_dataset_that_no_arm_has(interference):
    lines = missing(interference().filter(~where(dataset="bees")))
    assert "emb_only seed 2, embed, bees, nDCG@10: all queries" in lines
    assert len(lines) == 12


def test_missing_queries_are_counted_and_the_first_named(interference):
    gone = where(arm="joint_single", seed=3, dataset="bees", task="rerank")
    frame = interference().filter(~(gone & pl.col("query_id").is_in([f"q{n}" for n in range(5)])))
    assert missing(frame) == (
        "joint_single seed 3, rerank, bees, nDCG@10: 5 queries (q0, q1, q2, ...) of 40",
    )


def test_queries_that_every_arm_lacks_show_only_against_a_promised_count(interference):
    frame = interference().filter(pl.col("query_id") != "q3")
    assert verdict(frame, **PLAN).decision.verdict == "PASS"
    lines = missing(frame, **PLAN, queries={"ants": 40, "bees": 39})
    assert lines[0] == "every arm, embed, ants, nDCG@10: 1 of 40 queries"


def test_an_unusable_value_is_a_hole(interference):
    bad = where(arm="emb_only", seed=2, dataset="bees", query_id="q7")
    for value, word in (
        (float("nan"), "not a number"),
        (1.7, "outside"),
        (float("inf"), "infinite"),
    ):
        put = pl.when(bad).then(pl.lit(value)).otherwise("value").alias("value")
        (line,) = missing(interference().with_columns(put))
        assert word in line
        assert "q7" in line
    twice = pl.concat([interference(), interference().filter(bad)])
    assert "given more than once" in missing(twice)[0]


def test_one_whole_task_is_shown_beside_the_missing_one(interference):
    found = verdict(interference(0.03).filter(~where(arm="rank_only", seed=1)), **PLAN)
    assert found.decision.verdict == "INCOMPLETE"
    assert [(e.task, e.verdict) for e in found.effects] == [("embed", "PASS")]


def test_problems_beside_the_gate_do_not_block_it(interference, planted):
    extra = planted({("bystander", "embed"): 0.9}).with_columns(
        pl.when(where(query_id="q0")).then(float("nan")).otherwise("value").alias("value")
    )
    found = verdict(pl.concat([interference(), extra]), **PLAN)
    assert found.decision.verdict == "PASS"
    assert any("bystander" in line and "q0" in line for line in found.decision.warnings)


def test_the_wrong_metric_is_no_scores_at_all(interference):
    lines = missing(interference(metric="R@100"))
    assert lines[0] == "emb_only seeds 1, 2, 3, embed, nDCG@10: all of ants, bees"


def test_an_empty_table(interference):
    found = verdict(interference().clear())
    assert found.decision.verdict == "INCOMPLETE"
    assert "no scores at all" in found.decision.missing[0]


@pytest.mark.filterwarnings("error")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_removed_row_of_a_judged_arm_blocks_the_verdict(interference, data):
    frame = interference(0.03, queries=6)
    row = data.draw(st.integers(0, len(frame) - 1))
    gone = frame.row(row, named=True)
    found = verdict(pl.concat([frame[:row], frame[row + 1 :]]), **PLAN)
    assert found.decision.verdict == "INCOMPLETE"
    (line,) = found.decision.missing
    for part in (gone["arm"], f"seed {gone['seed']}", gone["task"], gone["dataset"]):
        assert part in line
    assert f"({gone['query_id']}) of 6" in line


def test_queries_that_only_bystanders_have_are_not_owed(interference, planted):
    frame = interference(0.03)
    extra = planted({("bystander", "embed"): 1.0}, queries=50)
    before, after = verdict(frame, **PLAN), verdict(pl.concat([frame, extra]), **PLAN)
    assert before.effects == after.effects
    assert after.effects[0].difference.queries == 80
