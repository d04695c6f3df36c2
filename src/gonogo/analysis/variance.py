"""Variance of a mean over crossed seeds and queries, data sets as strata of equal weight.

The model of data set k, seed s and query q is the two-way layout with random effects

    y_ksq = mu_k + a_ks + b_kq + e_ksq,

where the seed effects a_s = (a_1s, ..., a_Ks) of one trained model may correlate over the data
sets in any way, while query effects b and the seed x query residuals e are independent. The
estimate is the mean over k of the means over s and q. Averaging every seed over its data sets first
turns the seed effects into one number per seed, whose variance needs no model of the correlation.

Sources: Searle, Casella & McCulloch, Variance Components (1992), ch. 4 (moment estimators of the
balanced two-way layout); Satterthwaite, Biometrics Bulletin 2 (1946), eq. 17 (degrees of freedom).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.strata import Values, check_values, seed_means

Number = float | Float[np.ndarray, "..."]


def total_variance(seed: Number, query: Number, residual: Number) -> Number:
    """Return seed + query - residual, with neither variance component below zero."""
    return np.maximum(np.maximum(seed + query - residual, seed), query)


def degrees_of_freedom(variance: Number, *terms: tuple[Number, int]) -> Number:
    """Return Satterthwaite's degrees of freedom; infinite where nothing varies.

    Args:
        variance: the estimated variance.
        terms: the mean squares that it is a sum of, each with its own degrees of freedom.
    """
    doubt = np.asarray(sum(part * part / df for part, df in terms))
    return np.divide(variance * variance, doubt, out=np.full(doubt.shape, np.inf), where=doubt > 0)


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """The three independent parts that the variance of the mean is made of, and their sizes.

    Each part is an estimated variance of the overall mean, in squared units of the values.
    """

    seeds: int
    queries: tuple[int, ...]
    """Queries of each data set."""
    seed_part: float
    """Sample variance of the seed means / seeds; it holds the residual's share as well."""
    query_parts: tuple[float, ...]
    """Sample variance of the query means / queries / data sets^2; likewise."""
    residual_parts: tuple[float, ...]
    """Residual mean square / (seeds x queries x data sets^2)."""

    @property
    def variance(self) -> float:
        """Variance of the overall mean."""
        return float(
            total_variance(self.seed_part, sum(self.query_parts), sum(self.residual_parts))
        )

    @property
    def df(self) -> float:
        """Satterthwaite's degrees of freedom of ``variance``."""
        seed_df = max(self.seeds - 1, 1)
        terms: list[tuple[float, int]] = [(self.seed_part, seed_df)]
        for queries, query, residual in zip(
            self.queries, self.query_parts, self.residual_parts, strict=True
        ):
            query_df = max(queries - 1, 1)
            terms += [(query, query_df), (residual, seed_df * query_df)]
        return float(degrees_of_freedom(self.variance, *terms))


def _residual_mean_square(block: Float[np.ndarray, "s q"]) -> float:
    seeds, queries = block.shape
    rest = block - block.mean(axis=1, keepdims=True) - block.mean(axis=0) + block.mean()
    return float((rest**2).sum() / ((seeds - 1) * (queries - 1)))


def mean_squares(values: Values) -> MeanSquares:
    """Split the variance of the overall mean.

    Args:
        values: one (seeds, queries) array a data set. With one seed, seeds add nothing; a data
            set with one query adds no query part.

    Raises:
        ValueError: for anything but a full layout.
    """
    check_values(values)
    seeds, strata = len(values[0]), len(values)
    seed_part = float(seed_means(values).var(ddof=1) / seeds) if seeds > 1 else 0.0
    query_parts, residual_parts = [], []
    for block in values:
        queries = block.shape[1]
        share = 1.0 / (strata**2 * queries)
        several = queries > 1
        query_parts.append(share * float(block.mean(axis=0).var(ddof=1)) if several else 0.0)
        crossed = several and seeds > 1
        residual_parts.append(share * _residual_mean_square(block) / seeds if crossed else 0.0)
    return MeanSquares(
        seeds=seeds,
        queries=tuple(block.shape[1] for block in values),
        seed_part=seed_part,
        query_parts=tuple(query_parts),
        residual_parts=tuple(residual_parts),
    )
