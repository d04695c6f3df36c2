"""Estimates with intervals over seeds x queries: differences, the interference ratio, means.

The interval that words rest on is the two-way one of ``variance``. Beside it stand three that
readers expect, each with a fault: the query bootstrap is blind to seeds, t over seed means to
queries (all seeds met the same ones), and the seeds-and-queries bootstrap counts residuals twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gonogo.analysis.records.effects import Estimate, Interval
from gonogo.analysis.statistics.bootstrap import bootstrap_quantiles
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.analysis.tables.strata import (
    Strata,
    Values,
    check_strata,
    count_queries,
    differences,
    seed_means,
)

ONE_SEED = "conditional on this one seed"


def two_way_interval(values: Values, level: float = 0.95) -> Interval | None:
    """Return the seeds x queries interval of the overall mean.

    With one seed it is over queries only, and says so; None where nothing was repeated.

    Raises:
        ValueError: for anything but a full layout.
    """
    parts = mean_squares(values)
    if max(parts.queries) == 1 and parts.seeds == 1:
        return None
    value, half = float(seed_means(values).mean()), parts.half_width(level)
    one = parts.seeds == 1
    return Interval(
        method="queries" if one else "seeds x queries",
        level=level,
        low=value - half,
        high=value + half,
        df=parts.df if np.isfinite(parts.df) else None,
        note=ONE_SEED if one else "",
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


def _estimate(values: Values, level: float, others: tuple[Interval, ...] = ()) -> Estimate:
    means = seed_means(values)
    return Estimate(
        value=float(means.mean()),
        std=float(means.std(ddof=1)) if len(means) > 1 else None,
        seeds=len(means),
        queries=count_queries(values),
        interval=two_way_interval(values, level),
        others=others,
    )


def difference_estimate(
    strata: Strata, level: float = 0.95, *, bootstrap_draws: int = 10_000, seed: int = 0
) -> Estimate:
    """Estimate candidate - reference, the mean over data sets with equal weight.

    Args:
        strata: one (reference, candidate) pair of (seeds, queries) arrays a data set.
        level: coverage asked for.
        bootstrap_draws: resamples of each bootstrap; 0 leaves the bootstraps out.
        seed: of the resamples.

    Raises:
        ValueError: for anything but full, paired layouts.
    """
    values = differences(strata)
    return _estimate(values, level, _others(values, level, bootstrap_draws, seed))


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


def ratio_estimate(
    strata: Strata, level: float = 0.95, *, bootstrap_draws: int = 10_000, seed: int = 0
) -> Estimate:
    """Estimate the task interference ratio (TIR), (R - C) / R, the mean over seeds.

    R and C are a seed's means over data sets with equal weight; positive means that the candidate
    (joint) is worse than the reference (specialist). The value is None if R is zero for any seed.

    Args:
        strata: one (reference, candidate) pair of (seeds, queries) arrays a data set.
        level: coverage asked for.
        bootstrap_draws: resamples of each bootstrap (of the linearised ratio); 0 leaves them out.
        seed: of the resamples.

    Raises:
        ValueError: for anything but full, paired layouts.
    """
    values = ratio_pseudo_values(strata)
    if values is None:
        queries = count_queries([pair[0] for pair in strata])
        return Estimate(value=None, seeds=len(strata[0][0]), queries=queries)
    return _estimate(values, level, _others(values, level, bootstrap_draws, seed))


def mean_estimate(values: Sequence[Float[np.ndarray, "seeds _"]], level: float = 0.95) -> Estimate:
    """Estimate one arm's mean over data sets with equal weight.

    Raises:
        ValueError: for anything but a full layout.
    """
    return _estimate(values, level)
