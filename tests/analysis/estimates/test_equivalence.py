"""Absence is shown by an interval below the line, never by a small estimate."""

from __future__ import annotations

from gonogo.analysis.estimates.equivalence import absence_shown, presence_shown
from gonogo.analysis.records.effects import Estimate, Interval


def estimate(low: float, high: float) -> Estimate:
    interval = Interval(method="seeds x queries", low=low, high=high)
    return Estimate(value=(low + high) / 2, seeds=3, queries=10, interval=interval)


def test_absence_needs_the_whole_interval_below_the_line() -> None:
    assert absence_shown(estimate(-0.03, 0.019), 0.02) is True
    assert absence_shown(estimate(-0.03, 0.02), 0.02) is False
    assert absence_shown(estimate(-0.021, 0.021), 0.02) is False  # estimate 0, not shown


def test_presence_needs_the_whole_interval_above_the_line() -> None:
    assert presence_shown(estimate(0.02, 0.05), 0.02) is True
    assert presence_shown(estimate(0.019, 0.05), 0.02) is False


def test_without_an_interval_nothing_is_known() -> None:
    bare = Estimate(value=None, seeds=1, queries=1)
    assert absence_shown(bare, 0.02) is None
    assert presence_shown(bare, 0.02) is None
