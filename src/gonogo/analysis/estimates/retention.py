"""Retention, (C - U) / (R - U): how much of what a specialist learned the candidate keeps.

Its interval is Fieller's (``statistics.fieller``), which is unbounded, and not given, where R - U
itself may be zero.

Source: Pigeot, Schaefer, Roehmel & Hauschke, Assessing non-inferiority of a new treatment in a
three-arm clinical trial including a placebo, Statistics in Medicine 22 (2003).
"""

from __future__ import annotations

from gonogo.analysis.records.effects import Estimate, Interval
from gonogo.analysis.statistics.fieller import fieller_interval
from gonogo.analysis.tables.strata import Values, count_queries, seed_means


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
    single = len(above) > 1 and bool((below != 0).all())
    ends = fieller_interval(numerator, denominator, level) if d != 0 else None
    interval = None
    if ends is not None:
        note = "conditional on this one seed" if len(above) == 1 else ""
        method = "Fieller, seeds x queries"
        interval = Interval(method=method, level=level, low=ends[0], high=ends[1], note=note)
    return Estimate(
        value=n / d if d != 0 else None,
        std=float((above / below).std(ddof=1)) if single else None,
        seeds=len(above),
        queries=count_queries(numerator),
        interval=interval,
    )
