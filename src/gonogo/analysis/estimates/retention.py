"""Retention, (C - U) / (R - U): how much of what a specialist learned the candidate keeps.

A ratio of two estimated differences has no standard error to lean on where the lower one may be
zero. Fieller's interval holds every ratio rho that the data do not refute, that is, for which the
interval of the mean of (C - U) - rho (R - U) holds zero; it is unbounded, and not given, where
R - U itself may be zero. The variance is that of the two-way layout (``statistics.variance``),
whose mean squares are quadratic in rho.

Sources: Fieller, Some problems in interval estimation, JRSS B 16 (1954); Pigeot, Schaefer, Roehmel
& Hauschke, Assessing non-inferiority of a new treatment in a three-arm clinical trial including a
placebo, Statistics in Medicine 22 (2003).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gonogo.analysis.records.effects import Estimate, Interval
from gonogo.analysis.statistics.variance import MeanSquares, mean_squares
from gonogo.analysis.tables.strata import Values, count_queries, seed_means

_HALVINGS = 60
_DOUBLINGS = 60


@dataclass(frozen=True)
class _Quadratic:
    """Mean squares of (n - rho d), from those of n, of d and of n - d."""

    n: MeanSquares
    d: MeanSquares
    both: MeanSquares

    def at(self, rho: float) -> MeanSquares:
        def mixed(n: float, d: float, both: float) -> float:
            # Var(n - d) = Var n + Var d - 2 Cov; rounding may leave a tiny negative sum.
            return max(0.0, n + rho * rho * d - rho * (n + d - both))

        def each(
            n: Sequence[float], d: Sequence[float], both: Sequence[float]
        ) -> tuple[float, ...]:
            return tuple(mixed(*one) for one in zip(n, d, both, strict=True))

        return replace(
            self.n,
            seed_part=mixed(self.n.seed_part, self.d.seed_part, self.both.seed_part),
            query_parts=each(self.n.query_parts, self.d.query_parts, self.both.query_parts),
            residual_parts=each(
                self.n.residual_parts, self.d.residual_parts, self.both.residual_parts
            ),
        )


def retention_estimate(numerator: Values, denominator: Values, level: float = 0.95) -> Estimate:
    """Estimate the ratio of two paired means over seeds x queries.

    Args:
        numerator: C - U, one (seeds, queries) array a data set.
        denominator: R - U, likewise.
        level: coverage asked for.

    Returns:
        The ratio of the means over all seeds; its ``std`` is that of the single seeds' ratios. No
        value where the lower mean is zero; no interval where it may be.

    Raises:
        ValueError: for anything but full layouts of one shape.
    """
    above, below = seed_means(numerator), seed_means(denominator)
    n, d = float(above.mean()), float(below.mean())
    return Estimate(
        value=n / d if d != 0 else None,
        std=_std(above, below),
        seeds=len(above),
        queries=count_queries(numerator),
        interval=_fieller(numerator, denominator, n, d, level) if d != 0 else None,
    )


def _std(above: Float[np.ndarray, " seeds"], below: Float[np.ndarray, " seeds"]) -> float | None:
    if len(above) == 1 or (below == 0).any():
        return None
    return float((above / below).std(ddof=1))


def _fieller(
    numerator: Values, denominator: Values, n: float, d: float, level: float
) -> Interval | None:
    parts = _Quadratic(
        mean_squares(numerator),
        mean_squares(denominator),
        mean_squares([a - b for a, b in zip(numerator, denominator, strict=True)]),
    )
    if parts.d.half_width(level) >= abs(d):
        return None

    def refuted(rho: float) -> bool:
        return abs(n - rho * d) > parts.at(rho).half_width(level)

    low, high = _end(refuted, n / d, -1.0), _end(refuted, n / d, 1.0)
    if low is None or high is None:
        return None
    note = "conditional on this one seed" if parts.n.seeds == 1 else ""
    return Interval(method="Fieller, seeds x queries", level=level, low=low, high=high, note=note)


def _end(refuted: Callable[[float], bool], start: float, direction: float) -> float | None:
    """Return the first ratio away from ``start`` that the data refute."""
    step = direction * max(1e-3, abs(start) * 1e-3)
    inside, outside = start, start + step
    for _ in range(_DOUBLINGS):
        if refuted(outside):
            break
        inside, step = outside, 2 * step
        outside = start + step
    else:
        return None
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if refuted(middle) else (middle, outside)
    return outside
