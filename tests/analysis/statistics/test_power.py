"""Detectable effects before the compute is spent, against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.statistics.power import (
    TIR_DEFAULTS,
    Components,
    effective_queries,
    minimum_detectable,
    seeds_needed,
)
from gonogo.analysis.statistics.variance import mean_squares


def pilot(
    rng: np.random.Generator, seeds: int, queries: int, parts: Components
) -> list[np.ndarray]:
    return [
        parts.seed**0.5 * rng.normal(size=(seeds, 1))
        + parts.query**0.5 * rng.normal(size=queries)
        + parts.residual**0.5 * rng.normal(size=(seeds, queries))
    ]


def test_components_of_a_pilot(rng: np.random.Generator) -> None:
    true = Components(seed=0.04, query=1.0, residual=0.5)
    found = Components.from_pilot(pilot(rng, 300, 800, true))
    assert (found.seed, found.query, found.residual) == pytest.approx((0.04, 1.0, 0.5), rel=0.2)
    assert found.seed_measured


def test_expected_mean_squares_round_trip() -> None:
    """What planning expects is what ``mean_squares`` would report, component by component."""
    parts = TIR_DEFAULTS.mean_squares(4, 200)
    assert (parts.seed_part - parts.residual_part) * 4 == pytest.approx(TIR_DEFAULTS.seed)
    assert (parts.query_part - parts.residual_part) * 200 == pytest.approx(TIR_DEFAULTS.query)
    assert parts.residual_part * 800 == pytest.approx(TIR_DEFAULTS.residual)


def test_a_pilot_of_one_seed_takes_seed_noise_from_the_defaults(
    rng: np.random.Generator,
) -> None:
    found = Components.from_pilot([rng.normal(size=(1, 500))])
    assert found.seed == TIR_DEFAULTS.seed
    assert not found.seed_measured
    assert found.query == pytest.approx(1.0, rel=0.15)


def test_effective_queries() -> None:
    assert effective_queries((100, 100, 100)) == pytest.approx(300)
    assert effective_queries((10, 1_000_000)) == pytest.approx(40, rel=1e-3)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_the_minimum_detectable_effect_is_detected_at_the_stated_rate(seeds: int) -> None:
    """Simulated with whole layouts and the real interval: 80 % to within 5 points."""
    rng = np.random.default_rng(seeds)
    effect = minimum_detectable(TIR_DEFAULTS, seeds, 200)
    detected = 0
    for _ in range(600):
        values = pilot(rng, seeds, 200, TIR_DEFAULTS)
        detected += abs(values[0].mean() + effect) > mean_squares(values).half_width(0.95)
    assert 0.75 <= detected / 600 <= 0.86


def test_more_seeds_queries_and_less_noise_detect_less() -> None:
    base = minimum_detectable(TIR_DEFAULTS, 3, 300)
    assert minimum_detectable(TIR_DEFAULTS, 5, 300) < base
    assert minimum_detectable(TIR_DEFAULTS, 3, 3_000) < base
    quieter = Components(seed=0.005**2, query=0.1**2, residual=0.2**2)
    assert minimum_detectable(quieter, 3, 300) < base


def test_scale() -> None:
    """Ten times the standard deviations: ten times the detectable effect."""
    louder = Components(*(100 * v for v in (0.01**2, 0.10**2, 0.20**2)))
    expected = 10 * minimum_detectable(TIR_DEFAULTS, 4, 500)
    assert minimum_detectable(louder, 4, 500) == pytest.approx(expected)


def test_seeds_needed_is_the_least_number_that_detects() -> None:
    needed = seeds_needed(0.02, TIR_DEFAULTS, 2_000)
    assert needed is not None
    assert minimum_detectable(TIR_DEFAULTS, needed, 2_000) <= 0.02
    assert minimum_detectable(TIR_DEFAULTS, needed - 1, 2_000) > 0.02


def test_no_number_of_seeds_makes_up_for_too_few_queries() -> None:
    assert seeds_needed(0.01, TIR_DEFAULTS, 50, most=200) is None


def test_no_noise_detects_anything() -> None:
    assert minimum_detectable(Components(0.0, 0.0, 0.0), 3, 10) == 0.0
