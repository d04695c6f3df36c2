"""The interval of a ratio of means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from gonogo.analysis.statistics.fieller import fieller_interval
from gonogo.analysis.statistics.variance import mean_squares


def closed_form(n: np.ndarray, d: np.ndarray, level: float) -> tuple[float, float]:
    """Return Fieller's roots for pairs (his section 6; one critical value for every theta)."""
    count = len(n)
    c = np.cov(n, d, ddof=1) / count
    t2 = student.ppf((1 + level) / 2, count - 1) ** 2
    a = d.mean() ** 2 - t2 * c[1, 1]
    b = n.mean() * d.mean() - t2 * c[0, 1]
    root = np.sqrt(b**2 - a * (n.mean() ** 2 - t2 * c[0, 0]))
    return (b - root) / a, (b + root) / a


def test_one_seed_on_one_data_set_is_fiellers_closed_form() -> None:
    rng = np.random.default_rng(0)
    d = rng.normal(1.0, 0.8, 40)
    n = 0.3 * d + rng.normal(0.1, 0.5, 40)
    found = fieller_interval([n[None]], [d[None]])
    assert found == pytest.approx(closed_form(n, d, 0.95), rel=1e-9)


def test_the_ends_are_where_the_test_turns() -> None:
    rng = np.random.default_rng(1)
    d = [rng.normal(0.5, 0.3, (3, n)) for n in (30, 50)]
    n = [0.9 * block + rng.normal(0, 0.1, block.shape) for block in d]
    found = fieller_interval(n, d, 0.9)
    assert found is not None
    for theta in found:
        rest = [a - theta * b for a, b in zip(n, d, strict=True)]
        mean = np.mean([block.mean() for block in rest])
        assert abs(mean) == pytest.approx(mean_squares(rest).half_width(0.9), rel=1e-6)


def test_a_denominator_that_may_be_zero_gives_no_interval() -> None:
    rng = np.random.default_rng(2)
    d = rng.normal(0.02, 1.0, (3, 40))
    assert fieller_interval([d + 1], [d]) is None


def test_scale_and_inversion() -> None:
    rng = np.random.default_rng(3)
    d = rng.normal(2.0, 0.3, (4, 60))
    n = d + rng.normal(0.0, 0.3, d.shape) + 1
    low, high = fieller_interval([n], [d]) or (0.0, 0.0)
    assert fieller_interval([10 * n], [d]) == pytest.approx((10 * low, 10 * high))
    assert fieller_interval([d], [n]) == pytest.approx((1 / high, 1 / low), rel=1e-6)


def test_a_ratio_without_noise_is_a_point() -> None:
    d = np.array([[0.4, 0.5, 0.6, 0.5]])
    assert fieller_interval([0.5 * d], [d]) == pytest.approx((0.5, 0.5), abs=1e-6)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        fieller_interval([np.ones((2, 3))], [np.ones((2, 4))])
