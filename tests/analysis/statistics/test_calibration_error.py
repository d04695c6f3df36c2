"""Calibration: the map by hand and against scipy's own, the error by hand, its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.analysis.statistics.calibration import (
    calibration_error,
    concatenated,
    fit_monotone,
)


def test_a_map_by_hand_pools_what_falls() -> None:
    scores = np.array([1.0, 2.0, 3.0, 4.0])
    fitted = fit_monotone(scores, np.array([False, True, False, True]))
    np.testing.assert_allclose(fitted.probabilities, [0.0, 0.5, 0.5, 1.0])
    np.testing.assert_allclose(fitted(np.array([-9.0, 1.5, 9.0])), [0.0, 0.25, 1.0])


def test_equal_scores_are_one_point() -> None:
    fitted = fit_monotone(np.array([1.0, 1.0, 1.0, 2.0]), np.array([True, False, False, True]))
    np.testing.assert_allclose(fitted(np.array([1.0, 2.0])), [1 / 3, 1.0])


@given(st.integers(0, 1_000))
@settings(max_examples=25, deadline=None)
def test_the_map_never_falls_keeps_the_share_and_is_nearest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=60)
    relevant = rng.random(60) < 1 / (1 + np.exp(-scores))
    relevant[:2] = True, False
    fitted = fit_monotone(scores, relevant)
    values = fitted(scores)
    assert (np.diff(fitted.probabilities) >= -1e-12).all()
    assert values.mean() == pytest.approx(relevant.mean())
    rivals = (np.full(60, relevant.mean()), np.sort(rng.random(60))[np.argsort(np.argsort(scores))])
    for rival in rivals:
        assert ((values - relevant) ** 2).sum() <= ((rival - relevant) ** 2).sum() + 1e-9


@pytest.mark.parametrize("relevant", [[True, True], [False, False], []])
def test_nothing_to_fit(relevant: list[bool]) -> None:
    with pytest.raises(ValueError, match="needs relevant and other"):
        fit_monotone(np.arange(float(len(relevant))), np.array(relevant, dtype=bool))


def test_the_error_by_hand() -> None:
    """Two bins: 0.2 against a share of 1/2, and 0.9 against 1/2: (2 x 0.3 + 2 x 0.4) / 4."""
    found = calibration_error(
        np.array([0.2, 0.2, 0.9, 0.9]),
        np.array([True, False, True, False]),
        np.array([0, 0, 1, 1]),
        bins=2,
    )
    assert found.error == pytest.approx(0.35)
    assert [(one.count, one.predicted, one.observed) for one in found.bins] == [
        (2, pytest.approx(0.2), 0.5),
        (2, pytest.approx(0.9), 0.5),
    ]
    assert (found.queries, found.documents, found.share) == (2, 4, 0.5)


def _planted(seed: int, queries: int, off: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.uniform(0.1, 0.9, size=(queries, 20))
    relevant = rng.random(true.shape) < true
    parts = [(one, hits) for one, hits in zip(true + off, relevant, strict=True)]
    return concatenated(parts)


def test_probabilities_that_are_right_are_hardly_off_and_others_by_what_they_are() -> None:
    right = calibration_error(*_planted(0, 400, 0.0))
    assert right.error < 0.02
    off = calibration_error(*_planted(0, 400, 0.08))
    assert off.low < 0.08 < off.high
    assert off.high - off.low < 0.04


def test_more_queries_narrow_the_interval() -> None:
    few, many = (calibration_error(*_planted(1, count, 0.05)) for count in (50, 800))
    assert many.high - many.low < (few.high - few.low) / 2


def test_the_same_seed_gives_the_same_interval() -> None:
    first, second = (calibration_error(*_planted(2, 40, 0.05)) for _ in range(2))
    assert (first.low, first.high) == (second.low, second.high)
