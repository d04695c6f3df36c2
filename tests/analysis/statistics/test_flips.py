"""Exact intervals of flips."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from gonogo.analysis.statistics.flips import clopper_pearson, flip_interval


@pytest.mark.parametrize("successes", [0, 1, 7, 19, 20])
def test_clopper_pearson_is_scipys_exact_interval(successes: int) -> None:
    peer = binomtest(successes, 20).proportion_ci(0.95, method="exact")
    assert clopper_pearson(successes, 20) == pytest.approx((peer.low, peer.high))


def test_no_flip_leaves_what_so_many_queries_could_hide() -> None:
    low, high = flip_interval(np.zeros(50))
    assert high == pytest.approx(1 - 0.0125 ** (1 / 50))
    assert low == pytest.approx(-high)


@pytest.mark.parametrize("lost", [0.01, 0.05, 0.3])
def test_losses_alone_are_covered_exactly_enough(lost: float) -> None:
    """Sum the binomial: no simulation is needed where only one share varies."""
    covered = 0.0
    for count in range(51):
        values = np.array([-1.0] * count + [0.0] * (50 - count))
        low, high = flip_interval(values)
        covered += binom.pmf(count, 50, lost) * (low <= -lost <= high)
    assert covered >= 0.975


def test_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match="-1, 0 or 1"):
        flip_interval(np.array([0.5]))
