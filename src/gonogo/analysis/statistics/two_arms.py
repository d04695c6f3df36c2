"""Variance of a difference of two arms that were trained with seeds of their own.

Both arms answer the same queries, so that these stay paired; their seeds are not, and may differ in
number. Each arm then has a seed part A and a residual E of its own, and B comes from the
differences between the arms' means over seeds, query by query: the variance is
A_1 + A_2 + max(0, B - E_1 - E_2). An arm with a single run shows no seed noise and adds none: the
interval is then conditional on that run.

Sources: as ``variance``; Welch, Biometrika 34 (1947) (parts with degrees of freedom of their own).
"""

from __future__ import annotations

from gonogo.analysis.statistics.variance import MeanSquares, query_split
from gonogo.analysis.tables.strata import Clusters, Values, check_values, seed_means


def _seed_part(values: Values) -> float:
    means = seed_means(values)
    return float(means.var(ddof=1) / len(means)) if len(means) > 1 else 0.0


def two_arm_mean_squares(
    less: Values, more: Values, clusters: Clusters | None = None
) -> MeanSquares:
    """Split the variance of the mean of ``more`` less that of ``less``.

    Args:
        less: one (seeds, queries) array a data set, of the arm that is taken away.
        more: of the other arm: the same queries in the same order, any number of seeds.
        clusters: of each data set, the cluster of each query.

    Raises:
        ValueError: for layouts that are not full, or other queries in one arm.
    """
    check_values(less)
    check_values(more)
    if [block.shape[1] for block in less] != [block.shape[1] for block in more]:
        raise ValueError("the arms differ in queries")
    strata, codes = len(less), clusters or [None] * len(less)
    shared, dfs, rest = [], [], []
    for below, above, own in zip(less, more, codes, strict=True):
        means = above.mean(axis=0, keepdims=True) - below.mean(axis=0, keepdims=True)
        part, df, _ = query_split(means, own)
        shared.append(part / strata**2)
        dfs.append(df)
        rest.append(sum(query_split(arm, own)[2] for arm in (below, above)) / strata**2)
    arms = tuple((_seed_part(arm), len(arm[0])) for arm in (less, more))
    return MeanSquares(
        seeds=min(seeds for _, seeds in arms),
        queries=tuple(block.shape[1] for block in less),
        seed_part=sum(part for part, _ in arms),
        query_parts=tuple(shared),
        residual_parts=tuple(rest),
        dfs=tuple(dfs) if clusters else None,
        arm_parts=arms,
    )
