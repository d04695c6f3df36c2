"""Retention (C - U) / (R - U): values by hand, and the same interval as the plain Fieller one."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.estimates.retention import retention_estimate
from gonogo.analysis.statistics.fieller import fieller_interval


def test_the_ratio_of_means_and_the_spread_of_single_seeds(rng: np.random.Generator) -> None:
    above = np.array([[0.1, 0.3], [0.2, 0.4]])
    below = np.array([[0.4, 0.4], [0.3, 0.5]])
    found = retention_estimate([above], [below])
    assert found.value == pytest.approx(0.25 / 0.4)
    assert found.std == pytest.approx(np.std([0.2 / 0.4, 0.3 / 0.4], ddof=1))


def test_it_is_fiellers_interval(rng: np.random.Generator) -> None:
    below = [0.2 + rng.normal(0, 0.05, (3, 40)), 0.3 + rng.normal(0, 0.05, (3, 60))]
    above = [0.7 * block + rng.normal(0, 0.02, block.shape) for block in below]
    found = retention_estimate(above, below)
    low, high = fieller_interval(above, below)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=1e-9)
    assert found.interval.method == "Fieller, seeds x queries"


def test_clusters_widen_it(rng: np.random.Generator) -> None:
    codes = np.repeat(np.arange(10), 6)
    below = 0.3 + rng.normal(0, 0.05, 10)[codes] + rng.normal(0, 0.01, (3, 60))
    above = 0.5 * below + rng.normal(0, 0.05, 10)[codes]
    plain = retention_estimate([above], [below]).interval
    grouped = retention_estimate([above], [below], layout=Layout(clusters=[codes])).interval
    assert grouped.high - grouped.low > plain.high - plain.low
    assert grouped.method == "Fieller, seeds x clusters"


def test_nothing_learned_has_no_retention_and_little_has_no_interval() -> None:
    zero = np.zeros((2, 10))
    assert retention_estimate([zero + 0.1], [zero]).value is None
    rng = np.random.default_rng(0)
    faint = rng.normal(0, 0.1, (2, 10))
    found = retention_estimate([faint + 0.1], [faint])
    assert found.value is not None
    assert found.interval is None
