"""Bounds of looks: published values, plain simulation, and what disjoint looks would leave."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from gonogo.analysis.statistics.boundaries import nominal_errors

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


def shares(fractions: tuple[float, ...], spending) -> tuple[float, ...]:
    total = [spending(t) for t in fractions]
    return tuple(float(b - a) for a, b in zip([0.0, *total[:-1]], total, strict=True))


def test_one_look_has_all() -> None:
    assert nominal_errors((1.0,), (0.05,)) == pytest.approx((0.05,))


def test_obrien_fleming_spending_at_five_looks_as_published() -> None:
    """Lan & DeMets' bounds for two one-sided errors of 2.5 %: 4.877, 3.357, 2.680, 2.290, 2.031."""
    spent = shares(FIFTHS, lambda t: 4 * norm.sf(norm.isf(0.0125) / t**0.5))
    found = norm.isf(np.array(nominal_errors(FIFTHS, spent)) / 2)
    assert found == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.002)


def test_two_looks_agree_with_the_bivariate_normal() -> None:
    first, second = nominal_errors((0.5, 1.0), (0.01, 0.04))
    a, b = norm.isf(first / 2), norm.isf(second / 2)
    cover = multivariate_normal(cov=[[1, 0.5**0.5], [0.5**0.5, 1]])
    inside = sum(
        s * t * cover.cdf([s * a, t * b], rng=np.random.default_rng(0))
        for s in (-1, 1)
        for t in (-1, 1)
    )
    assert 1 - inside == pytest.approx(0.05, abs=1e-4)
    assert first == pytest.approx(0.01)


def test_paths_leave_first_as_often_as_was_spent(rng) -> None:
    spent = (0.002, 0.008, 0.01, 0.01, 0.02)
    bounds = norm.isf(np.array(nominal_errors(FIFTHS, spent)) / 2)
    paths = np.cumsum(rng.normal(0, 0.2**0.5, (40_000, 5)), axis=1) / np.sqrt(FIFTHS)
    out = np.abs(paths) >= bounds
    first = np.where(out.any(axis=1), out.argmax(axis=1), 5)
    found = np.bincount(first, minlength=6)[:5] / len(paths)
    assert found == pytest.approx(spent, abs=0.0025)


def test_later_looks_keep_more_than_their_own_share() -> None:
    spent = (0.01, 0.01, 0.01, 0.01, 0.01)
    found = nominal_errors(FIFTHS, spent)
    assert found[0] == pytest.approx(0.01)
    assert all(error > 0.012 for error in found[1:])
    assert sum(found) > 0.05


def test_fractions_must_rise() -> None:
    with pytest.raises(ValueError, match="rising"):
        nominal_errors((0.5, 0.5), (0.01, 0.01))
