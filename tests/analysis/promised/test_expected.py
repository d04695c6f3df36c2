from __future__ import annotations

import polars as pl
import pytest
from planted_verdicts import ARMS, GATE, where

from gonogo.analysis.promised.expected import (
    Expected,
    contrasts,
    expected_from_scores,
    fill,
    gate_arms,
    seeds_of,
)
from gonogo.analysis.tables.scores import pivot
from gonogo.spec.rule.gates import Band, BandsGate, ImprovementGate

BANDS = BandsGate(
    task="embed",
    metric="AP",
    arm="a",
    bands=(Band(name="x", least=0, verdict="FAIL"), Band(name="y", least=1, verdict="PASS")),
)


@pytest.mark.parametrize(
    ("gate", "arms"),
    [
        (GATE, ("emb_only", "joint_single", "rank_only")),
        (ImprovementGate(task="embed", candidate="new", baseline="bm25"), ("bm25", "new")),
        (BANDS, ("a",)),
    ],
)
def test_arms_of_each_gate(gate, arms):
    assert gate_arms(gate) == arms


def test_the_reference_is_the_specialist():
    assert [(c.task, c.reference, c.candidate) for c in contrasts(GATE)] == [
        ("embed", "emb_only", "joint_single"),
        ("rerank", "rank_only", "joint_single"),
    ]
    assert contrasts(BANDS)[0].reference is None


def test_a_table_from_elsewhere_is_its_own_plan(interference, planted):
    stranger = planted({("other", "embed"): 1.0}, seeds=[99], datasets=["wasps"])
    found = expected_from_scores(pl.concat([interference(), stranger]), GATE)
    assert found.seeds == (1, 2, 3)
    assert found.tasks == {"embed": ("ants", "bees"), "rerank": ("ants", "bees")}
    assert found.arms == {}


def test_a_promise_is_kept_where_it_was_made(interference):
    table = pivot(interference())
    promise = Expected(arms=ARMS, seeds=(1, 2), tasks={"embed": ("ants",)})
    found = fill(promise, table, GATE)
    assert found.seeds == (1, 2)
    assert found.tasks == {"embed": ("ants",), "rerank": ("ants", "bees")}


def test_an_arm_of_the_study_owes_its_seeds_even_if_its_rows_have_none(interference):
    none = pl.when(where(arm="emb_only")).then(None).otherwise("seed").alias("seed")
    table = pivot(interference().with_columns(none))
    assert seeds_of("emb_only", Expected(arms=ARMS, seeds=(1, 2)), table) == (1, 2)
    assert seeds_of("emb_only", Expected(seeds=(1, 2)), table) == (None,)
    assert seeds_of("joint_single", Expected(seeds=(1, 2)), table) == (1, 2)
