from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from planted_verdicts import where

from gonogo.analysis.deciding.compare import Comparison, compare
from gonogo.core.errors import UserError


def systems(planted, shares: dict[str, float], **options: object) -> dict[str, pl.DataFrame]:
    table = planted({(name, "embed"): share for name, share in shares.items()}, **options)
    return {name: table.filter(where(arm=name)) for name in shares}


def pair_of(found: Comparison, reference: str, candidate: str):
    (pair,) = (
        p for p in found.pairs if (p.effect.reference, p.effect.candidate) == (reference, candidate)
    )
    return pair


def test_two_systems(planted):
    found = compare(systems(planted, {"old": 1.0, "new": 0.9}))
    (pair,) = found.pairs
    base = {row.arm: row.mean for row in found.means if row.dataset is None}
    assert found.systems == ("old", "new")
    assert pair.effect.difference.value == pytest.approx(base["new"] - base["old"])
    assert pair.effect.difference.value == pytest.approx(-0.1 * base["old"])
    assert (pair.effect.test.wins, pair.effect.test.losses) == (0, 80)
    assert pair.effect.test.p_permutation < 0.001
    assert pair.improved == ()


def test_every_pair_of_three_with_one_correction_a_metric(planted):
    found = compare(systems(planted, {"a": 1.0, "b": 0.98, "c": 0.97}, query_noise=0.1))
    names = [(p.effect.reference, p.effect.candidate) for p in found.pairs]
    assert names == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair in found.pairs:
        test = pair.effect.test
        assert test.p_bonferroni == pytest.approx(min(1.0, 3 * test.p_permutation))


def test_the_most_changed_queries_come_first(planted):
    frames = systems(planted, {"old": 1.0, "new": 1.0})
    for query, dataset, change in (
        ("q3", "ants", 0.15),
        ("q3", "bees", -0.18),
        ("q9", "bees", 0.1),
    ):
        hit = where(query_id=query, dataset=dataset)
        frames["new"] = frames["new"].with_columns(
            pl.when(hit).then(pl.col("value") + change).otherwise("value").alias("value")
        )
    (pair,) = compare(frames).pairs
    assert [(c.dataset, c.query_id) for c in pair.improved] == [("ants", "q3"), ("bees", "q9")]
    assert [(c.dataset, c.query_id) for c in pair.worsened] == [("bees", "q3")]
    assert pair.improved[0].difference == pytest.approx(0.15)
    assert pair.improved[0].candidate - pair.improved[0].reference == pytest.approx(0.15)


def test_at_most_ten_changes_each_way_in_order(planted):
    frames = systems(planted, {"old": 1.0, "new": 1.0}, seeds=[None], query_noise=0.2)
    (pair,) = compare(frames).pairs
    both = frames["old"].join(frames["new"], on=["dataset", "query_id"], suffix="_new")
    change = np.sort((both["value_new"] - both["value"]).to_numpy())
    assert [c.difference for c in pair.worsened] == pytest.approx(change[:10])
    assert [c.difference for c in pair.improved] == pytest.approx(change[::-1][:10])


def test_systems_are_lined_up_on_what_both_have_and_the_rest_is_named(planted):
    frames = systems(planted, {"old": 1.0, "new": 0.9})
    frames["new"] = frames["new"].filter(
        ~where(dataset="ants", query_id="q0") & ~where(dataset="bees")
    )
    found = compare(frames)
    (pair,) = found.pairs
    assert pair.effect.difference.queries == 39
    assert [part.dataset for part in pair.effect.datasets] == ["ants"]
    said = " | ".join(found.warnings)
    assert "old and new, embed, ants, nDCG@10: 1 query only in some runs" in said
    assert "bees" in said


def test_a_run_without_seeds_against_three_seeds(planted):
    frames = systems(planted, {"old": 1.0, "new": 0.9})
    frames["old"] = (
        frames["old"].filter(where(seed=1)).with_columns(pl.lit(None, dtype=pl.Int64).alias("seed"))
    )
    (pair,) = compare(frames).pairs
    assert pair.effect.difference.seeds == 3
    assert [point.seed for point in pair.effect.per_seed] == [1, 2, 3]


def test_only_shared_seeds_are_paired(planted):
    frames = systems(planted, {"old": 1.0, "new": 0.9}, seeds=[1, 2, 3])
    frames["new"] = frames["new"].filter(pl.col("seed") != 2)
    found = compare(frames)
    assert [point.seed for point in found.pairs[0].effect.per_seed] == [1, 3]
    assert any("seeds 2 are only in one" in line for line in found.warnings)
    frames["new"] = frames["new"].with_columns(pl.col("seed") + 10)
    assert any("not paired" in line for line in compare(frames).warnings)


def test_a_table_of_several_arms_is_several_systems(planted):
    table = planted({("a", "embed"): 1.0, ("b", "embed"): 0.9})
    found = compare({"mine": table})
    assert found.systems == ("mine:a", "mine:b")
    pair_of(found, "mine:a", "mine:b")


def test_swapping_systems_flips_signs(planted):
    frames = systems(planted, {"old": 1.0, "new": 0.97}, query_noise=0.05)
    (one,) = compare(frames).pairs
    (other,) = compare(dict(reversed(frames.items()))).pairs
    assert other.effect.difference.value == pytest.approx(-one.effect.difference.value)
    assert [c.query_id for c in other.improved] == [c.query_id for c in one.worsened]


def test_an_identical_system_has_no_effect_and_no_small_p(planted):
    frames = systems(planted, {"old": 1.0, "new": 1.0})
    (pair,) = compare(frames).pairs
    assert pair.effect.difference.value == 0
    assert pair.effect.test.p_permutation == 1.0
    assert pair.effect.test.ties == 80


def test_several_metrics_and_tasks(planted):
    frames = systems(planted, {"old": 1.0, "new": 0.9})
    frames = {
        name: pl.concat([frame, frame.with_columns(pl.lit("AP").alias("metric"))])
        for name, frame in frames.items()
    }
    found = compare(frames)
    assert [p.effect.metric for p in found.pairs] == ["AP", "nDCG@10"]
    assert all(p.effect.test.p_bonferroni == p.effect.test.p_permutation for p in found.pairs)


def test_wrong_input_is_a_user_error(planted):
    frames = systems(planted, {"old": 1.0, "new": 0.9})
    with pytest.raises(UserError, match="needs two systems"):
        compare({"old": frames["old"]})
    other = frames["new"].with_columns(pl.lit("rerank").alias("task"))
    with pytest.raises(UserError, match="share no task"):
        compare({"old": frames["old"], "new": other})
    with pytest.raises(UserError, match="no column value"):
        compare({"old": frames["old"].drop("value"), "new": frames["new"]})
    hollow = frames["new"].with_columns(pl.lit(float("nan")).alias("value"))
    with pytest.raises(UserError, match="not a number"):
        compare({"old": frames["old"], "new": hollow})
