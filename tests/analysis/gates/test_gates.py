"""Improvement and bands gates, thresholds, and the words that go with them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_verdicts import verdict, where

from gonogo.analysis.estimates.thresholds import band_verdict
from gonogo.analysis.gates.bands import band_of
from gonogo.spec.rule.gates import Band, BandsGate, ImprovementGate

GAIN = ImprovementGate.model_validate(
    {
        "kind": "improvement",
        "task": "embed",
        "candidate": "new",
        "baseline": "old",
        "pass": 0.01,
        "fail": 0.0,
        "levels": {"strong": 0.015, "minimum": 0.01, "top": 0.02},
        "next_actions": {"PASS": ["ship it"]},
    }
)
BANDS = BandsGate(
    task="embed",
    metric="R@500",
    arm="new",
    bands=(
        Band(name="data_wall", least=0.0, verdict="FAIL", next_actions=("collect more pairs",)),
        Band(name="partial", least=0.40, verdict="MARGINAL"),
        Band(name="success", least=0.55, verdict="PASS"),
    ),
    next_actions={"PASS": ("go on",)},
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.02, "PASS"),
        (0.02 - 0.9e-9, "PASS"),
        (0.02 - 1.1e-9, "MARGINAL"),
        (0.01, "MARGINAL"),
        (0.01 - 0.9e-9, "MARGINAL"),
        (0.01 - 1.1e-9, "FAIL"),
        (-5.0, "FAIL"),
        (None, "INCOMPLETE"),
    ],
)
def test_thresholds_are_inclusive_with_a_tolerance(value, expected):
    assert band_verdict(value, 0.02, 0.01) == expected


@given(st.floats(-1, 1), st.floats(0, 0.5))
def test_verdicts_are_monotone_in_the_value(value, more):
    order = ["FAIL", "MARGINAL", "PASS"]
    before, after = (band_verdict(v, 0.02, 0.01) for v in (value, value + more))
    assert order.index(after) >= order.index(before)


def gains(planted, points: float, **options: object) -> pl.DataFrame:
    frame = planted({("new", "embed"): 1.0, ("old", "embed"): 1.0}, **options)
    more = pl.when(where(arm="new")).then(pl.col("value") + points).otherwise("value")
    return frame.with_columns(more.alias("value"))


@pytest.mark.parametrize(
    ("points", "expected"),
    [(0.01, "PASS"), (1e-6, "MARGINAL"), (0.005, "MARGINAL"), (-0.001, "FAIL"), (0.03, "PASS")],
)
def test_planted_gain_gives_its_verdict(planted, points, expected):
    found = verdict(gains(planted, points), GAIN)
    assert found.decision.verdict == expected
    assert found.effects[0].difference.value == pytest.approx(points, abs=1e-12)
    assert found.effects[0].ratio is None
    assert found.effects[0].lines == {
        "fail": 0.0, "pass": 0.01, "minimum": 0.01, "strong": 0.015, "top": 0.02
    }  # fmt: skip


def test_levels_are_stated_one_by_one_from_the_lowest(planted):
    decision = verdict(gains(planted, 0.016), GAIN).decision
    assert decision.reasons == (
        "level minimum (1 point): shown: the interval lies above it",
        "level strong (1.5 points): shown: the interval lies above it",
        "level top (2 points): ruled out: the interval lies below it",
        "by the point estimate: PASS",
    )
    assert "gains 1.60 points of nDCG@10 on embed over old" in decision.sentence
    assert "level strong" in decision.sentence
    assert decision.next_actions == ("ship it",)


def test_a_gain_that_seeds_disagree_on_is_not_supported(planted):
    frame = gains(planted, 0.0)
    for seed, points in {1: 0.04, 2: 0.0, 3: -0.005}.items():
        hit = where(arm="new", seed=seed)
        frame = frame.with_columns(
            pl.when(hit).then(pl.col("value") + points).otherwise("value").alias("value")
        )
    decision = verdict(frame, GAIN).decision
    assert (decision.verdict, decision.point) == ("INCONCLUSIVE", "PASS")
    assert decision.support == "interval holds 0 points and 1 point"
    assert "met by the point estimate, but the interval reaches below it" in decision.reasons[0]
    assert "not met by the point estimate, but the interval reaches it" in decision.reasons[2]
    assert "ship it" not in decision.next_actions
    assert "level" not in decision.sentence


def test_a_loss_that_the_interval_cannot_tell_from_a_gain(planted):
    frame = gains(planted, 0.0)
    for seed, points in {1: 0.03, 2: -0.02, 3: -0.02}.items():
        hit = where(arm="new", seed=seed)
        frame = frame.with_columns(
            pl.when(hit).then(pl.col("value") + points).otherwise("value").alias("value")
        )
    decision = verdict(frame, GAIN).decision
    assert (decision.verdict, decision.point) == ("INCONCLUSIVE", "FAIL")
    assert "new loses 0.33 points" in decision.sentence


def test_a_baseline_without_seeds_stands_beside_every_seed(planted):
    frame = gains(planted, 0.02, seed_noise=0.002)
    bm25 = frame.filter(where(arm="old", seed=1)).with_columns(
        pl.lit(None, dtype=pl.Int64).alias("seed"), pl.lit("bm25").alias("arm")
    )
    gate = GAIN.model_copy(update={"baseline": "bm25"})
    frame = pl.concat([frame.filter(where(arm="new")), bm25])
    found = verdict(frame, gate, arms={"new": ("embed",)}, seeds=(1, 2, 3), references=("bm25",))
    (effect,) = found.effects
    assert found.decision.verdict == "PASS"
    assert effect.difference.seeds == 3
    assert effect.test.aso is None
    assert effect.datasets[0].reference.seeds == 0
    assert effect.datasets[0].candidate.seeds == 3
    assert [row.reference for row in found.scores if row.dataset == "ants"] == [True, False]


def test_an_absent_reference_is_one_hole_without_seeds(planted):
    gate = GAIN.model_copy(update={"baseline": "bm25"})
    found = verdict(
        gains(planted, 0.0), gate, arms={"new": ("embed",)}, seeds=(1, 2), references=("bm25",)
    )
    assert found.decision.missing == ("bm25, embed, nDCG@10: all of ants, bees",)


@pytest.mark.parametrize(
    ("level", "band", "expected"),
    [
        (0.30, "data_wall", "FAIL"),
        (0.40, "partial", "MARGINAL"),
        (0.40 - 1e-6, "data_wall", "FAIL"),
        (0.54, "partial", "MARGINAL"),
        (0.55, "success", "PASS"),
        (0.99, "success", "PASS"),
    ],
)
def test_a_level_falls_into_its_band(planted, level, band, expected):
    frame = planted({("new", "embed"): 1.0}, metric="R@500").with_columns(
        pl.lit(level).alias("value")
    )
    found = verdict(frame, BANDS)
    (measurement,) = found.measurements
    assert (measurement.band, found.decision.verdict) == (band, expected)
    assert found.decision.support == "supported"
    assert found.effects == ()
    assert f"in the band {band}" in found.decision.sentence


def test_a_band_brings_its_own_next_actions(planted):
    frame = planted({("new", "embed"): 1.0}, metric="R@500")
    low = frame.with_columns(pl.lit(0.1).alias("value"))
    high = frame.with_columns(pl.lit(0.9).alias("value"))
    assert verdict(low, BANDS).decision.next_actions == ("collect more pairs",)
    assert verdict(high, BANDS).decision.next_actions == ("go on",)


def test_an_interval_that_leaves_its_band_says_where_to(planted):
    frame = planted({("new", "embed"): 1.0}, metric="R@500").with_columns(
        pl.col("seed").replace_strict({1: 0.50, 2: 0.54, 3: 0.58}).alias("value")
    )
    decision = verdict(frame, BANDS).decision
    assert (decision.verdict, decision.point) == ("INCONCLUSIVE", "MARGINAL")
    assert decision.support.startswith("interval reaches into ")
    assert "success" in decision.support


def test_a_hole_leaves_a_level_unmeasured(planted):
    frame = planted({("new", "embed"): 1.0}, metric="R@500").filter(
        ~where(seed=2, dataset="bees", query_id="q1")
    )
    found = verdict(frame, BANDS)
    assert found.decision.verdict == "INCOMPLETE"
    assert found.measurements == ()
    assert "new seed 2, embed, bees, R@500: 1 query (q1) of 40" in found.decision.missing


def test_below_the_lowest_floor_is_still_the_lowest_band():
    assert band_of(-3.0, BANDS.bands).name == "data_wall"


def test_a_measure_may_be_spelt_as_its_users_do(planted):
    gate = GAIN.model_copy(update={"metric": "MRR@10"})
    for metric in ("MRR@10", "RR@10", "mrr@10"):
        found = verdict(gains(planted, 0.02, metric=metric), gate)
        assert found.decision.verdict == "PASS"
        assert found.effects[0].metric == "RR@10"
