"""Almost Stochastic Order: exact integrals, the right correction, and no global generator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.analysis.statistics.aso import THRESHOLD, aso, violation_ratio

few = settings(max_examples=40, deadline=None)
scores = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=8).map(np.array)


def by_quadrature(a: np.ndarray, b: np.ndarray) -> float:
    """Integrate both quantile functions on a grid that no breakpoint of theirs falls on."""
    t = (np.arange(200_000) + 0.5) / 200_000
    first = np.sort(a)[np.ceil(t * len(a)).astype(int) - 1]
    second = np.sort(b)[np.ceil(t * len(b)).astype(int) - 1]
    gap = second - first
    return float((gap[gap > 0] ** 2).sum() / (gap**2).sum())


def test_equal_sizes_by_hand() -> None:
    """Sorted pairs (1, 0), (2, 4), (3, 5): squares 1 for a, 4 + 4 against it."""
    assert violation_ratio(np.array([3.0, 1.0, 2.0]), np.array([0.0, 5.0, 4.0])) == 8 / 9


def test_unequal_sizes_by_hand() -> None:
    """Breakpoints 1/3, 1/2, 2/3, 1: gaps b - a of 1, -1, 2, 1 on widths 2, 1, 1, 2 (sixths)."""
    found = violation_ratio(np.array([0.0, 2.0, 3.0]), np.array([1.0, 4.0]))
    assert found == pytest.approx((2 * 1 + 1 * 4 + 2 * 1) / (2 * 1 + 1 * 1 + 1 * 4 + 2 * 1))


@few
@given(scores, scores)
def test_equals_quadrature(a: np.ndarray, b: np.ndarray) -> None:
    if np.unique(np.concatenate([a, b])).size > 1:
        grid = by_quadrature(a, b) if violation_ratio(a, b) != 0.5 else 0.5
        assert violation_ratio(a, b) == pytest.approx(grid, abs=2e-4)


@few
@given(scores, scores)
def test_the_two_directions_add_up_to_one(a: np.ndarray, b: np.ndarray) -> None:
    assert violation_ratio(a, b) + violation_ratio(b, a) == pytest.approx(1.0)


@few
@given(scores, scores, st.integers(1, 50), st.integers(-50, 50))
def test_scale_shift_and_order_change_nothing(
    a: np.ndarray, b: np.ndarray, scale: int, shift: int
) -> None:
    found = violation_ratio(scale * a[::-1] + shift, scale * b[::-1] + shift)
    assert found == pytest.approx(violation_ratio(a, b))


def test_repeating_a_sample_changes_nothing() -> None:
    """A step function has the same quantiles when each score stands twice."""
    a, b = np.array([1.0, 5.0, 2.0]), np.array([2.0, 1.5])
    assert violation_ratio(np.repeat(a, 2), b) == pytest.approx(violation_ratio(a, b))


def test_dominance_and_equality() -> None:
    low, high = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    assert aso(high, low) == 0.0
    assert aso(low, high) == 1.0
    assert violation_ratio(low, low) == 0.5
    assert aso(low, low.copy()) > THRESHOLD


def test_more_comparisons_ask_for_more_confidence(rng: np.random.Generator) -> None:
    """The published package falls here: its correction makes the bound looser."""
    a, b = rng.normal(0.6, 1, 40), rng.normal(0, 1, 40)
    bounds = [aso(a, b, comparisons=m) for m in (1, 2, 3, 10)]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]


def test_the_bound_lies_above_the_ratio_and_nears_it_with_more_scores() -> None:
    rng = np.random.default_rng(0)
    gaps = []
    for n in (10, 100, 1_000):
        a, b = rng.normal(0.2, 1, n), rng.normal(0, 1, n)
        gaps.append(aso(a, b) - violation_ratio(a, b))
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_false_alarms_at_five_seeds_are_as_stated() -> None:
    """At threshold 0.2 about 6 % (n = 5), where 0.5 would give three times as many."""
    rng = np.random.default_rng(1)
    bounds = np.array(
        [aso(rng.normal(size=5), rng.normal(size=5), draws=300, seed=n) for n in range(1_000)]
    )
    assert 0.03 < np.mean(bounds < THRESHOLD) < 0.10
    assert np.mean(bounds < 0.5) > np.mean(bounds < THRESHOLD) + 0.03


def test_equal_seeds_give_equal_bounds(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=10), rng.normal(size=12)
    assert aso(a, b, seed=3) == aso(a, b, seed=3) != aso(a, b, seed=4)
