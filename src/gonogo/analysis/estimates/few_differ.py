"""Intervals where few queries differ: the variance that was seen is no measure of what can happen.

If 48 of 50 queries tie, the sample variance rests on two values, and on none in a third of all
samples: Student's t then has hardly any width. The rule, for each data set by itself, with values
averaged over seeds (and summed over clusters, where there are any):

*Few differ* where fewer than 6 units differ, or fewer than 12 and less than half of all. A unit
differs if it lies farther from the median than a twentieth of the farthest one. (Below 6, not even
a sign test can reject at 5 %: 2 / 2^5 = 6.25 %.)

There the queries' share of the interval comes from a bounded mean: exact flips for one run of a 0/1
measure, betting otherwise, so that it holds for every distribution within the measure's bounds. It
is put together with the other data sets and the seeds by the distances to each end, squared (MOVER:
Zou & Donner, Statistics in Medicine 27 (2008)), and is never narrower than the usual interval.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from gonogo.analysis.statistics.betting import betting_interval
from gonogo.analysis.statistics.clusters import cluster_sums
from gonogo.analysis.statistics.flips import are_flips, flip_interval
from gonogo.analysis.statistics.variance import MeanSquares
from gonogo.analysis.tables.strata import Clusters

FEWEST, FEW = 6, 12
"""Units that differ below which the bounded interval is used always, or if most others tie."""
_EQUAL = 1e-12
_SHARE = 0.05
"""Of the farthest value: what lies nearer to the median does not differ."""

Means = list[Float[np.ndarray, " _"]]


def few_differ(units: Float[np.ndarray, " units"], ends: tuple[float, ...] = (0.0,)) -> bool:
    """Return whether too few values differ for their variance to be leaned on.

    Args:
        units: independent values.
        ends: what equal values say nothing at: no difference at all, or an end of the measure. Any
            other constant was put there by hand, and is taken as it is.
    """
    away = np.abs(units - np.median(units))
    if len(units) > 1 and away.max() <= _EQUAL:
        return any(abs(float(units[0]) - end) <= _EQUAL for end in ends)
    differing = int((away > max(_EQUAL, _SHARE * float(away.max()))).sum())
    return differing < FEWEST or (differing < FEW and 2 * differing < len(units))


def _units(
    means: Float[np.ndarray, " queries"], codes: Int[np.ndarray, " queries"] | None
) -> tuple[Float[np.ndarray, " units"], float]:
    """Return independent values of the same mean, and how much wider their bounds are."""
    if codes is None:
        return means, 1.0
    clusters = int(codes.max()) + 1
    scale = clusters / len(means)
    sums = cluster_sums(means[None], codes, clusters)[0] * scale
    return sums, float(np.bincount(codes).max()) * scale


def bounded_ends(
    parts: MeanSquares,
    means: Means,
    clusters: Clusters | None,
    bounds: tuple[float, float],
    level: float,
) -> tuple[float, float] | None:
    """Return the interval of the overall mean where few queries differ; None where many do.

    Args:
        parts: of the variance, by data set.
        means: each query's mean over seeds, by data set.
        clusters: of each data set, the cluster of each query.
        bounds: the least and the greatest value of one query.
        level: coverage asked for.
    """
    count = len(means)
    units = [_units(*each) for each in zip(means, clusters or [None] * count, strict=True)]
    few = [few_differ(own, (0.0, *bounds)) for own, _ in units]
    if not any(few):
        return None
    below = above = parts.seed_half_width(level) ** 2
    for place, (own, wider) in enumerate(units):
        if few[place]:
            low, high = _bounded(
                own, (wider * min(0.0, bounds[0]), wider * bounds[1]), parts.seeds, level
            )
            centre = float(own.mean())
            below += ((centre - low) / count) ** 2
            above += ((high - centre) / count) ** 2
        else:
            half = parts.query_half_width(place, level)
            below, above = below + half**2, above + half**2
    value = float(np.mean([block.mean() for block in means]))
    usual = parts.half_width(level)
    return value - max(usual, below**0.5), value + max(usual, above**0.5)


def _bounded(
    units: Float[np.ndarray, " units"], bounds: tuple[float, float], seeds: int, level: float
) -> tuple[float, float]:
    if seeds == 1 and bounds == (-1.0, 1.0) and are_flips(units):
        return flip_interval(units, level)
    return betting_interval(units, bounds, level)
