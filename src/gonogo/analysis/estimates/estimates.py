"""Estimates with their intervals: differences, the interference ratio, means.

Beside the interval that words rest on stand three that readers expect, each with a fault: the query
bootstrap is blind to seeds, t over seed means to queries (all seeds met the same ones), and the
seeds-and-queries bootstrap counts residuals twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.intervals import (
    difference_interval,
    ratio_interval,
    two_way_interval,
)
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.records.effects import Estimate, Interval
from gonogo.analysis.statistics.bootstrap import affordable_draws, bootstrap_quantiles
from gonogo.analysis.tables.strata import (
    Strata,
    Values,
    check_strata,
    check_values,
    count_queries,
    differences,
    seed_means,
)


def _over_seed_means(means: Float[np.ndarray, " seeds"], level: float) -> Interval:
    """Return Student's t interval of the seed means."""
    from scipy.special import stdtrit

    df, value = len(means) - 1, float(means.mean())
    half = float(stdtrit(df, (1 + level) / 2) * means.std(ddof=1) / len(means) ** 0.5)
    return Interval(
        method="t over seed means", level=level, low=value - half, high=value + half, df=df
    )


def _others(values: Values, level: float, draws: int, seed: int) -> tuple[Interval, ...]:
    if draws == 0:
        return ()
    draws = affordable_draws(values, draws)
    (low, high), both = bootstrap_quantiles(values, level, draws=draws, seed=seed)
    note = f"{draws} draws"
    queries = Interval(method="query bootstrap", level=level, low=low, high=high, note=note)
    means = seed_means(values)
    if len(means) == 1:
        return (queries,)
    seeds_too = Interval(
        method="seeds and queries bootstrap", level=level, low=both[0], high=both[1], note=note
    )
    return (queries, seeds_too, _over_seed_means(means, level))


def _estimate(
    values: Values, interval: Interval | None, others: tuple[Interval, ...] = ()
) -> Estimate:
    means = seed_means(values)
    return Estimate(
        value=float(means.mean()),
        std=float(means.std(ddof=1)) if len(means) > 1 else None,
        seeds=len(means),
        queries=count_queries(values),
        interval=interval,
        others=others,
    )


def _with_fixed(
    strata: Strata, level: float, layout: Layout, others: tuple[Interval, ...]
) -> tuple[Interval, ...]:
    """Put the interval for these very data sets beside the one for those they are a sample of."""
    if not layout.sample:
        return others
    alone = Layout(layout.clusters, layout.bounds, layout.paired)
    fixed = difference_interval(strata, level, alone)
    return others if fixed is None else (fixed, *others)


def _check(strata: Strata, layout: Layout) -> None:
    if layout.paired:
        check_strata(strata)
        return
    for side in (0, 1):
        check_values([pair[side] for pair in strata])
    if any(reference.shape[1] != candidate.shape[1] for reference, candidate in strata):
        raise ValueError("the arms differ in queries")


class How(TypedDict, total=False):
    """What an estimate is asked for beyond its level."""

    bootstrap_draws: int
    """Resamples of each bootstrap, 10,000 if not given; 0 leaves the bootstraps out."""
    seed: int
    """Of the resamples, 0 if not given."""
    layout: Layout | None
    """Clusters, bounds of the scores, whether seeds are paired, whether data sets are a sample."""


def _bootstraps(values: Values, level: float, how: How) -> tuple[Interval, ...]:
    return _others(values, level, how.get("bootstrap_draws", 10_000), how.get("seed", 0))


def difference_estimate(strata: Strata, level: float = 0.95, **how: Unpack[How]) -> Estimate:
    """Estimate candidate - reference, the mean over data sets with equal weight.

    Args:
        strata: one (reference, candidate) pair of (seeds, queries) arrays a data set.
        level: coverage asked for.
        how: see ``How``.

    Raises:
        ValueError: for anything but full layouts of the same queries, and of the same seeds
            where these are paired.
    """
    layout = how.get("layout") or Layout()
    _check(strata, layout)
    interval = difference_interval(strata, level, layout)
    if not layout.paired:
        return _unpaired(strata, interval, _with_fixed(strata, level, layout, ()))
    values = differences(strata)
    others = _with_fixed(strata, level, layout, _bootstraps(values, level, how))
    return _estimate(values, interval, others)


def _unpaired(
    strata: Strata, interval: Interval | None, others: tuple[Interval, ...] = ()
) -> Estimate:
    reference, candidate = (seed_means([pair[side] for pair in strata]) for side in (0, 1))
    return Estimate(
        value=float(candidate.mean() - reference.mean()),
        seeds=min(len(reference), len(candidate)),
        queries=count_queries([pair[0] for pair in strata]),
        interval=interval,
        others=others,
    )


def ratio_pseudo_values(strata: Strata) -> list[Float[np.ndarray, "seeds _"]] | None:
    """Linearise TIR = (R - C) / R per seed: values whose means over data sets are each seed's TIR.

    With R_s, C_s the seed's equal-weight means over data sets, the first-order effect of one query
    is z = TIR_s + ((1 - TIR_s) r - c) / R_s, which has mean TIR_s exactly (the delta method).
    None where a specialist's mean is zero, since the ratio is undefined there.
    """
    check_strata(strata)
    reference = seed_means([pair[0] for pair in strata])
    candidate = seed_means([pair[1] for pair in strata])
    if (reference == 0).any():
        return None
    kept = (candidate / reference)[:, None]
    scale = reference[:, None]
    return [1 - kept + (kept * r - c) / scale for r, c in strata]


def ratio_estimate(strata: Strata, level: float = 0.95, **how: Unpack[How]) -> Estimate:
    """Estimate the task interference ratio (TIR), (R - C) / R, the mean over seeds.

    R and C are a seed's means over data sets with equal weight; positive means that the candidate
    (joint) is worse than the reference (specialist). The value is None if R is zero for any seed.
    Arms with seeds of their own have one ratio, that of their means. The interval is Fieller's, and
    bootstraps are of the linearised ratio.

    Args:
        strata: one (reference, candidate) pair of (seeds, queries) arrays a data set.
        level: coverage asked for.
        how: see ``How``.

    Raises:
        ValueError: as ``difference_estimate``.
    """
    layout = how.get("layout") or Layout()
    _check(strata, layout)
    if not layout.paired:
        return _unpaired_ratio(strata, level, layout)
    values = ratio_pseudo_values(strata)
    if values is None:
        queries = count_queries([pair[0] for pair in strata])
        return Estimate(value=None, seeds=len(strata[0][0]), queries=queries)
    interval = ratio_interval(strata, float(seed_means(values).mean()), level, layout)
    return _estimate(values, interval, _bootstraps(values, level, how))


def _unpaired_ratio(strata: Strata, level: float, layout: Layout) -> Estimate:
    reference, candidate = (
        float(seed_means([pair[side] for pair in strata]).mean()) for side in (0, 1)
    )
    plain = _unpaired(strata, None)
    if reference == 0:
        return plain.model_copy(update={"value": None})
    value = 1 - candidate / reference
    interval = ratio_interval(strata, value, level, layout)
    return plain.model_copy(update={"value": value, "interval": interval})


def mean_estimate(
    values: Sequence[Float[np.ndarray, "seeds _"]],
    level: float = 0.95,
    layout: Layout | None = None,
) -> Estimate:
    """Estimate one arm's mean over data sets with equal weight.

    Raises:
        ValueError: for anything but a full layout.
    """
    return _estimate(values, two_way_interval(values, level, layout))
