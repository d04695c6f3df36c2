"""Stopping early: certain rules are certain, and the spending rule keeps its error rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gonogo.analysis.estimates.intervals import two_way_interval
from gonogo.analysis.estimates.sequential import (
    Stop,
    look_alpha,
    look_level,
    obrien_fleming,
    stop_when_decided,
)


def band(effect: float) -> str:
    return "PASS" if effect >= 0.02 else "FAIL" if effect < 0.01 else "MARGINAL"


def scores(means: list[float], queries: int = 20) -> list[np.ndarray]:
    return [np.tile(np.array(means)[:, None], (1, queries))]


def test_spending_by_hand() -> None:
    """2 - 2 Phi(1.96 / sqrt(t)): all of alpha at the end, hardly any early."""
    assert obrien_fleming(1.0) == pytest.approx(0.05)
    assert obrien_fleming(0.5) == pytest.approx(2 - 2 * norm.cdf(1.959964 / 0.5**0.5), rel=1e-6)
    assert obrien_fleming(0.0) == 0.0


@pytest.mark.parametrize("planned", [2, 3, 5, 10])
def test_the_looks_spend_alpha_exactly(planned: int) -> None:
    spent = [look_alpha(done, planned) for done in range(2, planned + 1)]
    assert sum(spent) == pytest.approx(0.05)
    assert spent == sorted(spent)


def test_certain_when_no_remaining_outcome_matters() -> None:
    """Recall of 0.9, 0.9 of three seeds: a third one of 0 still leaves 0.6."""
    stop = stop_when_decided([scores([0.9, 0.9])], lambda v: v >= 0.5, planned=3, bounds=(0.0, 1.0))
    assert stop == Stop(verdict=True, reason="certain", done=2, planned=3)


def test_certain_even_after_one_seed() -> None:
    stop = stop_when_decided([scores([0.9])], lambda v: v >= 0.4, planned=2, bounds=(0.0, 1.0))
    assert stop is not None
    assert stop.reason == "certain"


def test_not_certain_when_the_last_seed_can_turn_it(rng: np.random.Generator) -> None:
    values = [np.array([[0.75], [0.74]]) + 0.3 * rng.normal(size=(2, 20))]
    assert stop_when_decided([values], lambda v: v >= 0.5, planned=3, bounds=(0.0, 1.0)) is None


def test_one_seed_never_crosses_a_spending_boundary() -> None:
    assert stop_when_decided([scores([0.2])], band, planned=3, bounds=(-1.0, 1.0)) is None


def test_the_smallest_effect_decides_where_all_must_hold() -> None:
    effects = [scores([0.9, 0.9]), scores([0.2, 0.2])]
    rule = {"planned": 3, "bounds": (0.0, 1.0)}
    largest = stop_when_decided(effects, lambda v: v >= 0.5, **rule)
    smallest = stop_when_decided(effects, lambda v: v >= 0.5, **rule, decides=min)
    assert largest is not None
    assert smallest is not None
    assert (largest.verdict, smallest.verdict) == (True, False)
    assert largest.reason == smallest.reason == "certain"


def test_tir_has_no_lower_bound_but_may_cross_the_boundary() -> None:
    stop = stop_when_decided(
        [scores([0.2, 0.2, 0.2])], band, planned=5, bounds=(-float("inf"), 1.0)
    )
    assert stop == Stop(verdict="PASS", reason="alpha spending", done=3, planned=5)


def test_the_largest_effect_decides_among_tasks() -> None:
    effects = [scores([0.2] * 3), scores([0.0] * 3)]
    bounds = (-float("inf"), 1.0)
    stop = stop_when_decided(effects, band, planned=5, bounds=bounds)
    assert stop is not None
    assert stop.verdict == "PASS"
    none_yet = [scores([0.0, 0.1, -0.1]), scores([0.0] * 3)]
    assert stop_when_decided(none_yet, band, planned=5, bounds=bounds) is None


def test_a_looks_alpha_is_shared_among_the_effects(rng: np.random.Generator) -> None:
    """What just crosses the boundary alone does not cross that of one of two."""
    values = [0.3 + 0.05 * rng.normal(size=(3, 20))]
    spent = look_alpha(3, 5)
    alone, shared = (two_way_interval(values, 1 - spent / count) for count in (1, 2))
    assert alone is not None
    assert shared is not None
    assert shared.low < alone.low
    line = (shared.low + alone.low) / 2
    rule = {"planned": 5, "bounds": (-float("inf"), 1.0)}
    stop = stop_when_decided([values], lambda v: v >= line, **rule)
    assert stop == Stop(verdict=True, reason="alpha spending", done=3, planned=5)
    assert stop_when_decided([values, values], lambda v: v >= line, **rule) is None


@pytest.mark.parametrize("true", [0.02, 0.0])
def test_wrong_early_stops_stay_below_alpha(true: float) -> None:
    """Studies whose true effect is 0 must not stop with PASS, nor end below the line at it."""
    rng = np.random.default_rng(11)
    wrong = 0
    studies = 400
    for _ in range(studies):
        values = (
            true
            + 0.01 * rng.normal(size=(5, 1))
            + 0.05 * rng.normal(size=60)
            + 0.05 * rng.normal(size=(5, 60))
        )
        for done in (2, 3, 4):
            stop = stop_when_decided(
                [[values[:done]]], band, planned=5, bounds=(-float("inf"), 1.0)
            )
            if stop is not None:
                wrong += stop.verdict != ("FAIL" if true == 0.0 else "PASS")
                break
    assert wrong / studies < 0.05


def test_the_looks_of_a_study_miss_together_in_alpha(rng: np.random.Generator) -> None:
    """Means of so many seeds, each looked at by its own level: any of them misses in 5 %."""
    levels = np.array([look_level(done, 5) for done in range(2, 6)])
    means = np.cumsum(rng.normal(size=(40_000, 5)), axis=1)[:, 1:] / np.sqrt(np.arange(2, 6))
    missed = (np.abs(means) > norm.ppf((1 + levels) / 2)).any(axis=1).mean()
    assert missed == pytest.approx(0.05, abs=0.004)
    assert 0.95 < levels[-1] < 1 - look_alpha(5, 5)
    assert look_level(2, 5, effects=2) == pytest.approx(1 - look_alpha(2, 5) / 2)
    assert 1 - look_level(3, 5, effects=2) > look_alpha(3, 5) / 2


def test_seeds_that_nearly_tie_do_not_stop_a_study() -> None:
    """Two of five seeds agree by chance; their agreement is worth one degree of freedom."""
    queries = np.tile([0.05, 0.15], 50)
    values = [np.stack([queries, queries + 1e-3])]
    rule = {"planned": 5, "bounds": (-float("inf"), 1.0)}
    assert stop_when_decided([values], lambda v: v >= 0.02, **rule) is None
