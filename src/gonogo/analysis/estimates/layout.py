"""What an estimate must know about its values beyond the numbers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonogo.analysis.statistics.two_arms import two_arm_mean_squares
from gonogo.analysis.statistics.variance import MeanSquares, mean_squares
from gonogo.analysis.tables.measures import value_range
from gonogo.analysis.tables.strata import Clusters, Strata, Values


@dataclass(frozen=True)
class Layout:
    """How seeds, queries and data sets hang together, and which scores there can be."""

    clusters: Clusters | None = None
    """Of each data set, the cluster of each query; None where every query is its own."""
    bounds: tuple[float, float] | None = None
    """The least and the greatest score; None where they are unknown."""
    paired: bool = True
    """Whether row s of both arms is one seed; otherwise each arm has seeds of its own."""
    sample: bool = False
    """Whether the data sets are a sample of those that are asked about."""
    distinct: bool = False
    """Whether the arms are known to be two systems, from another measure: then equal values are
    something that was measured, and not one run handed in twice."""

    def parts(self, less: Values, more: Values) -> MeanSquares:
        """Split the variance of the mean of ``more`` less that of ``less``."""
        if not self.paired:
            return two_arm_mean_squares(less, more, self.clusters)
        values = [above - below for below, above in zip(less, more, strict=True)]
        return mean_squares(values, self.clusters)

    def by_data_set(self) -> Layout:
        """Return the layout of a table whose columns are data sets instead of queries."""
        return Layout(paired=self.paired)


def score_bounds(metric: str, strata: Strata) -> tuple[float, float]:
    """Return the least and the greatest score: the measure's own, or those that were seen.

    A measure without a bound, such as DCG, has none to offer; what both arms show stands in.
    """
    low, high = value_range(metric)
    seen = [block for pair in strata for block in pair]
    low = low if np.isfinite(low) else min(float(block.min()) for block in seen)
    high = high if np.isfinite(high) else max(float(block.max()) for block in seen)
    return low, high


def data_set_table(values: Values) -> list[np.ndarray]:
    """Return one array whose columns are data sets: each seed's mean on each of them."""
    return [np.stack([block.mean(axis=1) for block in values], axis=1)]


def count_clusters(clusters: Clusters | None, queries: Sequence[int]) -> int | None:
    """Return the number of clusters over all data sets; None where none were named."""
    if clusters is None or all(codes is None for codes in clusters):
        return None
    return sum(
        own if codes is None else int(codes.max()) + 1
        for codes, own in zip(clusters, queries, strict=True)
    )
