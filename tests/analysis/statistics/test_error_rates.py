"""Gate error rates: closed form where there is one, whole studies where there is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gonogo.analysis.statistics.error_rates import verdict_rates
from gonogo.analysis.statistics.power import TIR_DEFAULTS, Components
from gonogo.analysis.statistics.variance import mean_squares


@pytest.mark.parametrize("tasks", [1, 2])
@pytest.mark.parametrize("true", [0.0, 0.015, 0.04])
def test_verdicts_follow_the_normal_distribution_of_the_estimate(true: float, tasks: int) -> None:
    rates = verdict_rates(true, TIR_DEFAULTS, seeds=3, queries=500, tasks=tasks)
    error = TIR_DEFAULTS.mean_squares(3, 500).variance ** 0.5
    below = norm.cdf([0.01, 0.02], true, error) ** tasks
    assert rates.point_failed == pytest.approx(below[0], abs=0.006)
    assert rates.point_passed == pytest.approx(1 - below[1], abs=0.006)
    assert rates.point_passed + rates.point_marginal + rates.point_failed == pytest.approx(1.0)
    words = rates.passed + rates.marginal + rates.failed + rates.inconclusive
    assert words == pytest.approx(1.0)


def test_rates_of_words_equal_those_of_whole_studies() -> None:
    """Sufficient statistics against full layouts judged by the real interval."""
    parts = Components(seed=0.01**2, query=0.1**2, residual=0.1**2)
    rng = np.random.default_rng(0)
    seeds = 3
    passed = failed = 0
    studies = 1_500
    for _ in range(studies):
        values = (
            0.03
            + 0.01 * rng.normal(size=(seeds, 1))
            + 0.1 * rng.normal(size=300)
            + 0.1 * rng.normal(size=(seeds, 300))
        )
        half, mean = mean_squares([values]).half_width(0.95), values.mean()
        passed += mean - half >= 0.02
        failed += mean + half < 0.04
    rates = verdict_rates(0.03, parts, seeds=seeds, queries=300)
    assert rates.passed == pytest.approx(passed / studies, abs=0.025)
    other = verdict_rates(0.03, parts, seeds=seeds, queries=300, pass_=0.05, fail=0.04)
    assert other.failed == pytest.approx(failed / studies, abs=0.025)


def test_one_seed_decides_nothing() -> None:
    rates = verdict_rates(0.04, TIR_DEFAULTS, seeds=1, queries=1_000)
    assert rates.inconclusive == 1.0
    assert rates.point_passed > 0.8


def test_a_supported_pass_at_the_line_is_rare() -> None:
    """At a true effect on the line, the lower end exceeds it 2.5 % of the time, not half of it."""
    rates = verdict_rates(0.02, TIR_DEFAULTS, seeds=5, queries=1_000)
    assert rates.point_passed == pytest.approx(0.5, abs=0.01)
    assert rates.passed < 0.025


def test_absence_is_shown_only_with_enough_seeds() -> None:
    few = verdict_rates(0.0, TIR_DEFAULTS, seeds=3, queries=1_000)
    many = verdict_rates(0.0, TIR_DEFAULTS, seeds=40, queries=20_000)
    assert few.failed < 0.5 < many.failed


def test_equal_seeds_give_equal_rates() -> None:
    first, again, other = (
        verdict_rates(0.01, TIR_DEFAULTS, seeds=3, queries=100, draws=2_000, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again != other
