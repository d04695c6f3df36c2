"""Interval of a ratio of two means that share seeds and queries, by inverting a test.

A ratio theta = N / D is in the interval if N - theta D, an ordinary mean of the values
n - theta d, does not differ from zero. Where D is small beside its noise the distribution of the
plain ratio is skewed and its delta-method interval misses on one side; this one does not rest on
the ratio's distribution at all. The set is an interval as long as D itself differs from zero.

Every part of the two-way variance is a quadratic form in the values, so that three splits (of n, d
and n - d) give it for any theta. The critical value is Cochran's, and depends on theta too:
the ends are found by bracketing, not by the closed form of a constant critical value.

Sources: Fieller, JRSS B 16 (1954), section 6; Franz, arXiv:0710.2024 (2007), on when the set is an
interval; Pigeot, Schafer, Rohmel & Hauschke, Statistics in Medicine 22 (2003) for retention,
(C - U) / (R - U), in a trial with an untreated arm.
"""

from __future__ import annotations

from collections.abc import Callable

from gonogo.analysis.statistics.variance import MeanSquares, mean_squares
from gonogo.analysis.tables.strata import Clusters, Values, seed_means

Floats = tuple[float, ...]
_FARTHEST = 2.0**60
"""In widths of the first guess: where an end is looked for at most."""


def _form(one: float, other: float, both: float) -> Callable[[float], float]:
    """Return Q(n - theta d) from Q(n), Q(d) and Q(n - d); it cannot be below zero."""
    cross = (one + other - both) / 2
    return lambda theta: max(0.0, one - 2 * theta * cross + theta**2 * other)


def _forms(
    parts: tuple[MeanSquares, MeanSquares, MeanSquares], of: Callable[[MeanSquares], Floats]
) -> list[Callable[[float], float]]:
    return [_form(*each) for each in zip(*(of(part) for part in parts), strict=True)]


def pencil(
    numerator: MeanSquares, denominator: MeanSquares, difference: MeanSquares
) -> Callable[[float], MeanSquares]:
    """Return the mean squares of n - theta d as a function of theta.

    Args:
        numerator: of the values n.
        denominator: of the values d.
        difference: of the values n - d.
    """
    parts = (numerator, denominator, difference)
    of_seed = _forms(parts, lambda part: (part.seed_part,))
    of_query = _forms(parts, lambda part: part.query_parts)
    of_rest = _forms(parts, lambda part: part.residual_parts)
    of_arms = _forms(parts, lambda part: tuple(own for own, _ in part.arm_parts))
    seeds = [count for _, count in numerator.arm_parts]
    known = [part.dfs for part in parts if part.dfs is not None]
    dfs = tuple(min(each) for each in zip(*known, strict=True)) if known else None

    def at(theta: float) -> MeanSquares:
        arms = tuple((form(theta), count) for form, count in zip(of_arms, seeds, strict=True))
        return MeanSquares(
            seeds=numerator.seeds,
            queries=numerator.queries,
            seed_part=sum(own for own, _ in arms) if arms else of_seed[0](theta),
            query_parts=tuple(form(theta) for form in of_query),
            residual_parts=tuple(form(theta) for form in of_rest),
            dfs=dfs,
            arm_parts=arms,
        )

    return at


def fieller_interval(
    numerator: Values,
    denominator: Values,
    level: float = 0.95,
    clusters: Clusters | None = None,
) -> tuple[float, float] | None:
    """Return the interval of the ratio of two means over seeds and, equally weighted, data sets.

    Args:
        numerator: (seeds, queries) arrays, one a data set, such as C - U or R - C.
        denominator: of the same shapes, such as R - U or R.
        level: coverage asked for.
        clusters: of each data set, the cluster of each query.

    Returns:
        Low and high end; None where the denominator's own interval holds zero. The values that
        agree with the data then reach without bound, and nothing can be said about the ratio.

    Raises:
        ValueError: for anything but full layouts of one shape.
    """
    if [n.shape for n in numerator] != [d.shape for d in denominator]:
        raise ValueError("numerator and denominator differ in shape")
    below = [n - d for n, d in zip(numerator, denominator, strict=True)]
    at = pencil(*(mean_squares(values, clusters) for values in (numerator, denominator, below)))
    means = float(seed_means(numerator).mean()), float(seed_means(denominator).mean())
    return invert(*means, at, mean_squares(denominator, clusters).half_width(level), level)


def invert(
    top: float, bottom: float, at: Callable[[float], MeanSquares], noise: float, level: float
) -> tuple[float, float] | None:
    """Return the ratios theta that ``top - theta bottom = 0`` does not refute.

    Args:
        top: mean of the numerator.
        bottom: mean of the denominator.
        at: mean squares of n - theta d.
        noise: half the denominator's own interval.
        level: coverage asked for.

    Returns:
        Low and high end; None where they reach without bound.
    """
    if abs(bottom) <= noise:
        return None
    ratio = top / bottom

    def beyond(theta: float) -> float:
        """Return how far n - theta d lies outside of its interval; negative inside."""
        return abs(top - theta * bottom) - at(theta).half_width(level)

    step = at(ratio).half_width(level) / abs(bottom)
    if step == 0.0:
        return ratio, ratio
    low, high = (_end(beyond, ratio, direction * step) for direction in (-1.0, 1.0))
    return None if low is None or high is None else (low, high)


def _end(beyond: Callable[[float], float], inside: float, step: float) -> float | None:
    """Return where ``beyond`` turns positive on the way from ``inside``; None if it never does."""
    from scipy.optimize import brentq

    reach = 1.0
    while beyond(inside + reach * step) <= 0:
        reach *= 2
        if reach > _FARTHEST:
            return None
    return float(brentq(beyond, inside + reach / 2 * step * (reach > 1), inside + reach * step))
