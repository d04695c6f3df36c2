from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gonogo.analysis.tables.measures import canonical, value_range
from gonogo.analysis.tables.scores import pivot
from gonogo.core.errors import UserError


def _put(frame: pl.DataFrame, value: float | None, **where: object) -> pl.DataFrame:
    chosen = pl.all_horizontal(pl.col(name) == wanted for name, wanted in where.items())
    return frame.with_columns(pl.when(chosen).then(pl.lit(value)).otherwise("value").alias("value"))


ONE = {"arm": "emb_only", "seed": 2, "dataset": "bees", "query_id": "q7"}


def test_pivot_has_one_row_a_run_and_one_column_a_query(interference):
    table = pivot(interference())
    block = table.blocks["embed", "ants", "nDCG@10"]
    assert block.values.shape == (6, 40)
    assert block.runs[0] == ("emb_only", 1)
    assert block.queries[:2] == ("q0", "q1")
    assert not table.problems


def test_each_value_lands_at_its_own_key():
    rows = [("b", 2, "z", 0.1), ("a", 1, "y", 0.2), ("b", 2, "y", 0.3), ("a", 1, "z", 0.4)]
    frame = pl.DataFrame(rows, schema=["arm", "seed", "query_id", "value"], orient="row")
    frame = frame.with_columns(
        pl.lit("t").alias("task"), pl.lit("d").alias("dataset"), pl.lit("AP").alias("metric")
    )
    block = pivot(frame).blocks["t", "d", "AP"]
    assert block.runs == (("a", 1), ("b", 2))
    assert block.values.tolist() == [[0.2, 0.4], [0.3, 0.1]]


def test_the_same_query_id_in_two_datasets_is_two_queries(interference):
    table = pivot(_put(interference(), 0.999, **ONE))
    bees, ants = (table.blocks["embed", name, "nDCG@10"] for name in ("bees", "ants"))
    at = bees.queries.index("q7")
    assert bees.values[bees.row["emb_only", 2], at] == 0.999
    assert ants.values[ants.row["emb_only", 2], at] < 0.9


def test_row_order_does_not_matter(interference):
    frame = interference(query_noise=0.1)
    before, after = pivot(frame), pivot(frame.sample(fraction=1.0, shuffle=True, seed=3))
    assert list(before.blocks) == list(after.blocks)
    for one, other in zip(before.blocks.values(), after.blocks.values(), strict=True):
        assert one.runs == other.runs
        assert one.queries == other.queries
        assert one.values.tobytes() == other.values.tobytes()


@pytest.mark.parametrize(
    ("value", "fault"),
    [(None, "nan"), (np.nan, "nan"), (np.inf, "infinite"), (-np.inf, "infinite"), (1.01, "range")],
)
def test_each_unusable_value_is_named_with_its_place(interference, value, fault):
    (problem,) = pivot(_put(interference(), value, **ONE)).problems
    assert problem.fault == fault
    for part in ("emb_only", "seed 2", "embed", "bees", "nDCG@10", "q7"):
        assert part in str(problem)


def test_a_duplicate_key_is_a_problem_even_if_the_values_agree(interference):
    frame = interference()
    twice = frame.filter(pl.all_horizontal(pl.col(name) == value for name, value in ONE.items()))
    (problem,) = pivot(pl.concat([frame, twice])).problems
    assert problem.fault == "duplicate"
    assert problem.queries == ("q7",)


def test_unusable_values_never_enter_a_mean(interference):
    table = pivot(_put(interference(), 7.0, **ONE))
    block = table.blocks["embed", "bees", "nDCG@10"]
    assert np.nansum(block.values > 1) == 0
    assert np.isnan(block.values[block.row["emb_only", 2], block.queries.index("q7")])


def test_rounding_just_above_one_is_no_problem(interference):
    assert not pivot(_put(interference(), 1.0 + 1e-12, **ONE)).problems


def test_seeds_may_be_absent(planted):
    table = pivot(planted({("bm25", "embed"): 1.0}, seeds=[None]))
    assert table.seeds == {"bm25": (None,)}
    assert table.unseeded("bm25")


def test_absent_columns_and_empty_keys_are_user_errors(interference):
    with pytest.raises(UserError, match="query_id"):
        pivot(interference().drop("query_id"))
    hollow = interference().with_columns(
        pl.when(pl.col("query_id") == "q1").then(None).otherwise("query_id").alias("query_id")
    )
    with pytest.raises(UserError, match="no query_id"):
        pivot(hollow)


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        ("nDCG@10", 0, 1),
        ("R@100", 0, 1),
        ("AP(rel=2)@100", 0, 1),
        ("RR@10", 0, 1),
        ("MRR@10", 0, 1),
        ("ndcg@10", 0, 1),
        ("RBP(p=0.8)", 0, 1),
        ("NumRet", 0, np.inf),
        ("margin", -np.inf, np.inf),
    ],
)
def test_metric_ranges(metric, low, high):
    assert value_range(metric) == (low, high)


def test_one_spelling_for_each_measure(interference):
    assert canonical("MRR@10") == "RR@10"
    assert canonical("margin") == "margin"
    frame = interference(metric="ndcg@10")
    assert {metric for _, _, metric in pivot(frame).blocks} == {"nDCG@10"}
    both = pl.concat([frame, frame.with_columns(pl.lit("nDCG@10").alias("metric"))])
    assert {problem.fault for problem in pivot(both).problems} == {"duplicate"}


def clustered(clusters: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "arm": ["a"] * 3 + ["b"] * 3,
            "seed": [1] * 6,
            "task": ["t"] * 6,
            "dataset": ["d"] * 6,
            "metric": ["nDCG@10"] * 6,
            "query_id": ["q1", "q2", "q3"] * 2,
            "value": [0.1] * 6,
            "cluster": clusters,
        }
    )


def test_clusters_are_read_and_a_query_without_one_is_its_own():
    block = pivot(clustered(["x", "x", None, "x", "x", None])).blocks["t", "d", "nDCG@10"]
    assert block.clusters is not None
    assert block.clusters[0] == block.clusters[1] != block.clusters[2]


def test_a_table_that_names_no_cluster_has_none():
    assert pivot(clustered([None] * 6)).blocks["t", "d", "nDCG@10"].clusters is None


def test_a_query_in_two_clusters_is_refused():
    with pytest.raises(UserError, match="query q1 of d is in more than one cluster"):
        pivot(clustered(["x", "x", "x", "y", "x", "x"]))
