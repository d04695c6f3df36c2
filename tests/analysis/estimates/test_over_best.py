"""The gain over the best of several baselines, their choice by the same data accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gonogo.analysis.estimates.effects import Paired
from gonogo.analysis.estimates.estimates import difference_estimate
from gonogo.analysis.estimates.over_best import adjusted_least, over_best
from gonogo.analysis.promised.judged import Stratum


def against(references: dict[str, list[np.ndarray]], candidate: list[np.ndarray]) -> list[Paired]:
    def strata(own: list[np.ndarray]) -> tuple[Stratum, ...]:
        return tuple(
            Stratum(f"set_{place}", tuple(map(str, range(mine.shape[1]))), mine, new)
            for place, (mine, new) in enumerate(zip(own, candidate, strict=True))
        )

    seeds = tuple(range(len(candidate[0])))
    return [
        Paired("task", "nDCG@10", name, "new", strata(own), seeds)
        for name, own in references.items()
    ]


def drawn(rng: np.random.Generator, shift: float = 0.0, seeds: int = 3) -> list[np.ndarray]:
    return [
        0.5 + shift + 0.02 * rng.normal(size=(seeds, 1)) + 0.1 * rng.normal(size=(seeds, queries))
        for queries in (60, 90)
    ]


def gain(pair: Paired, level: float = 0.95):
    arrays = [(part.reference, part.candidate) for part in pair.strata]
    return difference_estimate(arrays, level, bootstrap_draws=0, layout=pair.layout(pair.strata))


def test_one_baseline_leaves_nothing_to_choose(rng) -> None:
    assert over_best(against({"old": drawn(rng)}, drawn(rng))) is None


def test_two_baselines_have_the_adjustment_in_closed_form(rng) -> None:
    """D1 + gap Phi(-gap / s) + s phi(gap / s), s the noise of the gap."""
    references = {"old": drawn(rng), "older": drawn(rng, -0.004)}
    pairs = against(references, drawn(rng, 0.02))
    low, high = sorted(float(gain(pair).value) for pair in pairs)
    layout = pairs[0].layout(pairs[0].strata)
    spread = layout.parts(*references.values()).variance ** 0.5
    z = (high - low) / spread
    expected = low + (high - low) * norm.cdf(-z) + spread * norm.pdf(z)
    found = over_best(pairs)
    assert found.estimate.value == pytest.approx(low)
    assert low < expected < high
    assert found.estimate.adjusted == pytest.approx(expected, abs=0.02 * spread)


def test_a_clearly_best_baseline_needs_no_adjustment(rng) -> None:
    best, far = drawn(rng), drawn(rng, -0.4)
    pairs = against({"far": far, "best": best, "zero": [0 * part for part in far]}, drawn(rng))
    found = over_best(pairs)
    own = gain(pairs[1])
    assert found.estimate.adjusted == pytest.approx(own.value, abs=1e-12)
    assert found.estimate.interval.low == own.interval.low
    assert found.estimate.interval.high >= own.interval.high


def test_the_interval_reaches_from_the_least_low_end_to_joint_high_ends(rng) -> None:
    pairs = against({f"old {k}": drawn(rng) for k in range(4)}, drawn(rng))
    found = over_best(pairs)
    interval, own = found.estimate.interval, [gain(pair).interval for pair in pairs]
    assert interval.low == min(one.low for one in own)
    assert interval.high == min(found.highs.values())
    for pair, one in zip(pairs, own, strict=True):
        bonferroni = gain(pair, 1 - 0.05 / 4).interval.high
        assert one.high < found.highs[pair.reference] <= bonferroni + 1e-12


def test_neither_order_nor_names_change_a_bit(rng) -> None:
    references = {name: drawn(rng) for name in "abc"}
    new = drawn(rng)
    first = over_best(against(references, new))
    again = over_best(against(dict(reversed(references.items())), new))
    swapped = over_best(against({k: v[::-1] for k, v in references.items()}, new[::-1]))
    assert first.estimate == again.estimate == swapped.estimate


def test_baselines_that_are_one_and_the_same_are_one(rng) -> None:
    own, new = drawn(rng), drawn(rng)
    found = over_best(against({"a": own, "b": own, "c": own}, new))
    alone = gain(against({"a": own}, new)[0])
    assert found.estimate.value == alone.value
    assert found.estimate.adjusted == pytest.approx(alone.value, abs=1e-4)
    assert found.estimate.interval.high == pytest.approx(alone.interval.high, abs=1e-3)


@pytest.mark.parametrize(("count", "plain", "left"), [(2, -0.40, -0.06), (5, -0.82, 0.0)])
def test_equal_baselines_cost_the_candidate_hardly_anything(
    rng, count: int, plain: float, left: float
) -> None:
    """In standard errors of a gain; the least one is off by as much as normal order says."""
    root = np.linalg.cholesky(np.full((count, count), 0.5) + 0.5 * np.eye(count))
    gains = rng.normal(size=(2_000, count)) @ root.T
    noise = rng.normal(size=(500, count)) @ root.T
    noise = np.concatenate([noise, -noise])
    adjusted = [adjusted_least(own, noise) for own in gains]
    assert gains.min(axis=1).mean() == pytest.approx(plain, abs=0.08)
    assert np.mean(adjusted) == pytest.approx(left, abs=0.08)
    assert np.std(adjusted) < 1.05  # no price in spread


def test_unequal_baselines_leave_no_bias_for_the_one_that_is_named(rng) -> None:
    behind = np.array([0.0, 0.5, 1.0, 2.0])
    root = np.linalg.cholesky(np.full((4, 4), 0.5) + 0.5 * np.eye(4))
    gains = behind + rng.normal(size=(2_000, 4)) @ root.T
    noise = rng.normal(size=(500, 4)) @ root.T
    noise = np.concatenate([noise, -noise])
    true = behind[gains.argmin(axis=1)]
    adjusted = np.array([adjusted_least(own, noise) for own in gains])
    assert (gains.min(axis=1) - true).mean() < -0.4
    assert (adjusted - true).mean() == pytest.approx(0.0, abs=0.12)
