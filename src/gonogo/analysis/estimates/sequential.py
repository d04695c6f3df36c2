"""Stop when decided: after each complete seed, can the remaining ones still change the verdict.

Two rules, both fixed before the first seed. (1) Certain: whatever the remaining seeds bring within
the bounds of the metric, the verdict is the same. (2) Alpha spending: an interval for the effect,
at the level that this look may spend, lies in one band. Spending follows the O'Brien-Fleming type
of Lan & DeMets (Biometrika 70 (1983)) with the share of seeds as information; the intervals are
repeated ones (Jennison & Turnbull, JRSS B 51 (1989)): the level of each look is such that all looks
together miss in alpha (``statistics.boundaries``), read off Student's t in place of the normal
distribution. That this holds with few seeds, too, is simulated (``benchmarks/looks.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from gonogo.analysis.estimates.intervals import two_way_interval
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.statistics.boundaries import nominal_errors
from gonogo.analysis.tables.strata import Values, seed_means

V = TypeVar("V")

FIRST_LOOK = 2
"""Seeds needed before anything can be said: one seed has no measure of its noise."""


@dataclass(frozen=True, slots=True)
class Stop(Generic[V]):
    """The verdict that was reached early, and by which rule."""

    verdict: V
    reason: str
    """``certain`` (no remaining outcome can change it) or ``alpha spending``."""
    done: int
    planned: int


def obrien_fleming(fraction: float, alpha: float = 0.05) -> float:
    """Return the two-sided alpha that may be spent up to an information fraction in (0, 1]."""
    from scipy.special import ndtr, ndtri

    if fraction <= 0:
        return 0.0
    return float(2 * ndtr(float(ndtri(alpha / 2)) / min(fraction, 1.0) ** 0.5))


def look_alpha(done: int, planned: int, alpha: float = 0.05) -> float:
    """Return what of ``alpha`` may be missed first at the look after ``done`` of ``planned``."""
    before = 0.0 if done <= FIRST_LOOK else obrien_fleming((done - 1) / planned, alpha)
    return obrien_fleming(done / planned, alpha) - before


def look_level(done: int, planned: int, alpha: float = 0.05, effects: int = 1) -> float:
    """Return the level of the intervals after ``done`` of ``planned`` seeds of a watched study.

    Over all looks together they miss in at most ``alpha`` (repeated confidence intervals), so that
    one holds whichever look the study ended with. The last look is no exception: what earlier ones
    have spent is gone.

    Args:
        done: seeds so far, at least one.
        planned: seeds of the full study.
        alpha: to be spent over all looks.
        effects: tasks or baselines that share it.
    """
    done, planned = max(done, FIRST_LOOK), max(planned, done, FIRST_LOOK)
    looks = range(FIRST_LOOK, planned + 1)
    spent = tuple(look_alpha(look, planned, alpha) / effects for look in looks)
    errors = nominal_errors(tuple(look / planned for look in looks), spent)
    return 1 - errors[done - FIRST_LOOK]


def _reach(values: Values, planned: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """Return the least and the greatest final mean that the remaining seeds can bring."""
    means = seed_means(values)
    left = planned - len(means)
    if left == 0:
        return float(means.mean()), float(means.mean())
    total = float(means.sum())
    return (total + left * bounds[0]) / planned, (total + left * bounds[1]) / planned


def stop_when_decided(
    effects: Sequence[Values],
    band: Callable[[float], V],
    *,
    planned: int,
    bounds: tuple[float, float],
    alpha: float = 0.05,
    decides: Callable[[Iterable[float]], float] = max,
) -> Stop[V] | None:
    """Say whether the verdict can no longer change, or hardly.

    Args:
        effects: one entry a task or baseline, each its judged values so far, (seeds, queries) a
            data set: differences, ratio pseudo-values, or an arm's scores.
        band: from an effect to a verdict; it may only rise with the effect.
        planned: seeds of the full study.
        bounds: of one seed's effect: (-1, 1) for differences of a metric within 0 to 1, (0, 1) for
            its values, (-inf, 1) for TIR.
        alpha: to be spent over all looks, shared equally among the effects.
        decides: the effect whose band is the verdict: the largest, as in the interference gate,
            or the smallest, as with several baselines.

    Returns:
        None: go on.
    """
    done = len(effects[0][0])
    reaches = [_reach(values, planned, bounds) for values in effects]
    lowest, highest = (band(decides(ends)) for ends in zip(*reaches, strict=True))
    if lowest == highest:
        return Stop(lowest, "certain", done, planned)
    if done < FIRST_LOOK:
        return None
    level = look_level(done, planned, alpha, len(effects))
    layout = Layout(bounds=bounds) if np.isfinite(bounds).all() else None
    intervals = [two_way_interval(values, level, layout) for values in effects]
    known = [interval for interval in intervals if interval is not None]
    low, high = band(decides(i.low for i in known)), band(decides(i.high for i in known))
    return Stop(low, "alpha spending", done, planned) if low == high else None
