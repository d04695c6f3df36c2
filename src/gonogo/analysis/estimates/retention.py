"""Retention, (C - U) / (R - U): how much of what a specialist learned the candidate keeps.

It is 1 - TIR of the scores above U, so that its interval is Fieller's for the same layout of seeds,
clusters and data sets; it is unbounded, and not given, where R - U itself may be zero.

Source: Pigeot, Schaefer, Roehmel & Hauschke, Assessing non-inferiority of a new treatment in a
three-arm clinical trial including a placebo, Statistics in Medicine 22 (2003).
"""

from __future__ import annotations

from dataclasses import replace

from gonogo.analysis.estimates.intervals import ratio_interval
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.records.effects import Estimate
from gonogo.analysis.tables.strata import Values, count_queries, seed_means


def retention_estimate(
    numerator: Values, denominator: Values, level: float = 0.95, layout: Layout | None = None
) -> Estimate:
    """Estimate the ratio of two paired means over seeds x queries.

    Args:
        numerator: C - U, one (seeds, queries) array a data set.
        denominator: R - U, likewise.
        level: coverage asked for.
        layout: clusters, whether seeds are paired, whether data sets are a sample. Its bounds are
            those of scores, not of differences, and are left aside.

    Returns:
        The ratio of the means over all seeds; its ``std`` is that of the single seeds' ratios. No
        value where the lower mean is zero; no interval where it may be.

    Raises:
        ValueError: for anything but full layouts of the same queries.
    """
    layout = replace(layout or Layout(), bounds=None)
    above, below = seed_means(numerator), seed_means(denominator)
    n, d = float(above.mean()), float(below.mean())
    single = layout.paired and len(above) > 1 and bool((below != 0).all())
    estimate = Estimate(
        value=n / d if d != 0 else None,
        std=float((above / below).std(ddof=1)) if single else None,
        seeds=min(len(above), len(below)),
        queries=count_queries(numerator),
    )
    if d == 0:
        return estimate
    strata = list(zip(denominator, numerator, strict=True))
    lost = ratio_interval(strata, 1 - n / d, level, layout)
    if lost is None:
        return estimate
    ends = {"low": 1 - lost.high, "high": 1 - lost.low, "method": f"Fieller, {lost.method}"}
    return estimate.model_copy(update={"interval": lost.model_copy(update=ends)})
