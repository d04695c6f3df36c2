"""The bets that serve every number of values, and an interval that may be looked at always."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.statistics.betting import LARGE
from gonogo.analysis.statistics.confidence_sequence import anytime_mixture, running_interval


def test_half_of_the_capital_is_on_large_bets_and_half_falls_with_the_halvings() -> None:
    mixture = anytime_mixture()
    small = np.array([0.5**n for n in range(1, 21)])
    assert mixture.bets.tolist() == [*LARGE, *small]
    shares = mixture.shares
    assert shares.sum() == pytest.approx(1.0)
    assert shares[: len(LARGE)].tolist() == pytest.approx([0.5 / len(LARGE)] * len(LARGE))
    falling = [1 / (n * (n + 1)) for n in range(1, 21)]  # sums to 20 / 21
    assert shares[len(LARGE) :].tolist() == pytest.approx([0.5 * f * 21 / 20 for f in falling])


def test_an_interval_holds_the_mean_and_shrinks(rng: np.random.Generator) -> None:
    values = rng.uniform(0.2, 0.4, 400)
    widths = []
    for count in (10, 100, 400):
        low, high = running_interval(values[:count], (0.0, 1.0))
        assert 0.0 <= low < values[:count].mean() < high <= 1.0
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    narrow = running_interval(values, (0.0, 1.0), level=0.8)
    assert narrow[1] - narrow[0] < widths[-1]
