from __future__ import annotations

import polars as pl
from planted_verdicts import ARMS, GATE, where

from gonogo.analysis.promised.expected import Expected, expected_from_scores, fill, seeds_of
from gonogo.analysis.tables.scores import pivot


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
