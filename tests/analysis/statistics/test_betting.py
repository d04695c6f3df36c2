"""Intervals of bounded means by betting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.analysis.statistics.betting import betting_interval

BITS = st.lists(st.sampled_from([-1.0, 0.0, 0.25, 1.0]), min_size=1, max_size=30)


def test_equal_values_end_where_the_best_bet_has_its_goal() -> None:
    """All zero in 0 to 1: the bet of everything wins (1 / (1 - m))^n, a 1/9 of the capital."""
    high = betting_interval(np.zeros(50), (0.0, 1.0))[1]
    whole = 1 - (2 / 0.05) ** (-1 / 50)
    nine = 1 - (9 * 2 / 0.05) ** (-1 / 50)
    assert whole < high < nine


@settings(max_examples=40, deadline=None)
@given(BITS, st.randoms(use_true_random=False))
def test_the_order_of_values_is_nothing_and_the_mean_is_inside(values: list[float], random) -> None:  # type: ignore[no-untyped-def]
    found = betting_interval(np.array(values), (-1.0, 1.0))
    shuffled = random.sample(values, len(values))
    assert betting_interval(np.array(shuffled), (-1.0, 1.0)) == found
    assert -1.0 <= found[0] <= np.mean(values) <= found[1] <= 1.0


def test_mirrored_values_mirror_the_interval() -> None:
    values = np.array([0.0] * 40 + [-1.0, -0.5, 0.25])
    low, high = betting_interval(values, (-1.0, 1.0))
    mirrored = betting_interval(-values, (-1.0, 1.0))
    assert mirrored == pytest.approx((-high, -low), abs=1e-8)


def test_it_covers_rare_losses_that_students_t_does_not_see() -> None:
    rng, held, by_t = np.random.default_rng(0), 0, 0
    for _ in range(300):
        values = -(rng.random(50) < 0.02).astype(float)
        low, high = betting_interval(values, (-1.0, 1.0))
        half = 2.01 * values.std(ddof=1) / 50**0.5
        held += low <= -0.02 <= high
        by_t += abs(values.mean() + 0.02) <= half
    assert held >= 0.95 * 300 > by_t


def test_values_beyond_the_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="within"):
        betting_interval(np.array([1.5]), (0.0, 1.0))
