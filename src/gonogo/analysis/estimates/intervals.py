"""Intervals over seeds x queries that words rest on: of differences, the interference ratio, means.

The usual one is the two-way interval of ``variance``; where few queries differ, that of
``few_differ``; of a ratio, Fieller's. If every query ties in every run, the arms may be one and the
same, and the interval is all that there can be: it supports no word.
"""

from __future__ import annotations

import numpy as np

from gonogo.analysis.estimates.few_differ import bounded_ends
from gonogo.analysis.estimates.layout import Layout, data_set_table
from gonogo.analysis.records.effects import Interval
from gonogo.analysis.statistics.fieller import invert, pencil
from gonogo.analysis.statistics.variance import MeanSquares
from gonogo.analysis.tables.strata import Strata, Values, check_values, seed_means

ONE_SEED = "conditional on this one seed"
ONE_RUN = "conditional on the one run of an arm"
NO_QUERY_DIFFERS = "no query differs"
Ends = tuple[float, float]


def two_way_interval(
    values: Values, level: float = 0.95, layout: Layout | None = None
) -> Interval | None:
    """Return the interval of one arm's mean over seeds x queries, or of ready-made differences.

    With one seed it is over queries only, and says so; None where nothing was repeated.

    Args:
        values: one (seeds, queries) array a data set.
        level: coverage asked for.
        layout: clusters, and the bounds of the values where they have any.

    Raises:
        ValueError: for anything but a full layout.
    """
    check_values(values)
    layout = layout or Layout()
    zeros = [np.zeros_like(block) for block in values]
    return _mean_interval(zeros, values, level, layout, layout.bounds)


def difference_interval(strata: Strata, level: float, layout: Layout) -> Interval | None:
    """Return the interval of candidate - reference; None where nothing was repeated."""
    less, more = [pair[0] for pair in strata], [pair[1] for pair in strata]
    bounds = layout.bounds
    span = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
    found = _mean_interval(less, more, level, layout, span)
    if found and span and not layout.distinct and _identical(strata, layout):
        ends = {"low": span[0], "high": span[1], "df": None, "method": NO_QUERY_DIFFERS}
        return found.model_copy(update=ends)
    return found


def _identical(strata: Strata, layout: Layout) -> bool:
    """Return whether every query ties in every run."""
    if layout.paired:
        return all(np.array_equal(reference, candidate) for reference, candidate in strata)
    return all((r == r[0]).all() and (c == r[0]).all() for r, c in strata)


def _mean_interval(
    less: Values, more: Values, level: float, layout: Layout, span: Ends | None
) -> Interval | None:
    parts = layout.parts(less, more)
    value = float(seed_means(more).mean() - seed_means(less).mean())
    fixed = _fixed(value, less, more, parts, level, layout, span)
    return _over_data_sets(fixed, less, more, level, layout) if layout.sample else fixed


def _fixed(
    value: float,
    less: Values,
    more: Values,
    parts: MeanSquares,
    level: float,
    layout: Layout,
    span: Ends | None,
) -> Interval | None:
    """Return the interval for these very data sets."""
    if max(parts.queries) == 1 and parts.seeds == 1:
        return None
    half = parts.half_width(level)
    ends, few = (value - half, value + half), None
    if span is not None:
        means = [m.mean(axis=0) - b.mean(axis=0) for b, m in zip(less, more, strict=True)]
        few = bounded_ends(parts, means, layout.clusters, span, level)
    low, high = few or ends
    return Interval(
        method=_method(parts, layout) + (", few differ" if few else ""),
        level=level,
        low=low if span is None or few is None else max(low, span[0]),
        high=high if span is None or few is None else min(high, span[1]),
        df=parts.df if np.isfinite(parts.df) and few is None else None,
        note=_note(parts, layout),
    )


def _method(parts: MeanSquares, layout: Layout) -> str:
    clustered = layout.clusters is not None and any(c is not None for c in layout.clusters)
    over = "clusters" if clustered else "queries"
    if parts.seeds == 1 and not any(count > 1 for _, count in parts.arm_parts):
        return over
    return f"seeds x {over}" if layout.paired else f"unpaired seeds x {over}"


def _note(parts: MeanSquares, layout: Layout) -> str:
    if parts.seeds > 1:
        return ""
    return ONE_SEED if layout.paired else ONE_RUN


def _over_data_sets(
    fixed: Interval | None, less: Values, more: Values, level: float, layout: Layout
) -> Interval | None:
    """Return the interval for the data sets that these are a sample of; None with a single one.

    Data sets stand where queries stood: with equal weights, Hartung & Knapp's variance is the
    sample variance of the data sets' effects over their number, and t has one degree less than
    there are (Statistics in Medicine 20 (2001)). Seeds are crossed with data sets, so that what a
    seed shifts everywhere stays in A. Never narrower than for these data sets alone.
    """
    if fixed is None or len(less) < 2:
        return None
    tables = data_set_table(less), data_set_table(more)
    half = layout.by_data_set().parts(*tables).half_width(level)
    value = float(seed_means(more).mean() - seed_means(less).mean())
    return fixed.model_copy(
        update={
            "method": "data sets" if fixed.method == "queries" else "seeds x data sets",
            "low": min(fixed.low, value - half),
            "high": max(fixed.high, value + half),
            "df": float(len(less) - 1),
        }
    )


def ratio_interval(strata: Strata, value: float, level: float, layout: Layout) -> Interval | None:
    """Return the interval of (R - C) / R; None where R may be zero, and where nothing repeats.

    Where few queries differ it is what the ends of the difference and of R allow together.
    """
    reference, candidate = [pair[0] for pair in strata], [pair[1] for pair in strata]
    difference = difference_interval(strata, level, layout)
    if difference is None:
        return None
    if difference.method == NO_QUERY_DIFFERS and layout.bounds is not None:
        mean = float(seed_means(reference).mean())
        low, high = (1 - end / mean for end in reversed(layout.bounds))
        return difference.model_copy(update={"low": min(low, high), "high": max(low, high)})
    own = _reference_interval(reference, level, layout)
    if own is None or own.low <= 0.0 <= own.high:
        return None
    found = _fieller(reference, candidate, level, layout)
    if layout.sample and len(strata) > 1:
        tables = data_set_table(reference), data_set_table(candidate)
        more = _fieller(*tables, level, layout.by_data_set())
        found = _hull(found, more)
    if found is None:
        return None
    low, high, df = found
    if difference.method.endswith("few differ"):
        corners = [-d / r for d in (difference.low, difference.high) for r in (own.low, own.high)]
        low, high, df = min(low, *corners), max(high, *corners), None
    return difference.model_copy(
        update={"low": min(low, value), "high": max(high, value), "df": df}
    )


Found = tuple[float, float, float | None]


def _hull(one: Found | None, other: Found | None) -> Found | None:
    if one is None or other is None:
        return None
    return min(one[0], other[0]), max(one[1], other[1]), other[2]


def _reference_interval(reference: Values, level: float, layout: Layout) -> Interval | None:
    alone = Layout(layout.clusters, layout.bounds)
    return two_way_interval(reference, level, alone)


def _fieller(reference: Values, candidate: Values, level: float, layout: Layout) -> Found | None:
    """Return Fieller's ends with Satterthwaite's degrees of freedom at the ratio itself."""
    nothing = [[np.zeros_like(block) for block in blocks] for blocks in (reference, candidate)]
    lost = layout.parts(candidate, reference)
    whole = layout.parts(nothing[1], reference)
    at = pencil(lost, whole, layout.parts(candidate, nothing[0]))
    mean = float(seed_means(reference).mean())
    top = mean - float(seed_means(candidate).mean())
    ends = invert(top, mean, at, whole.half_width(level), level)
    if ends is None:
        return None
    df = at(top / mean).df
    return *ends, df if np.isfinite(df) else None
