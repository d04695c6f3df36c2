"""Variance of a mean over crossed seeds and queries, data sets as strata of equal weight.

The model of data set k, seed s and query q is the two-way layout with random effects

    y_ksq = mu_k + a_ks + b_kq + e_ksq,

where the seed effects a_s = (a_1s, ..., a_Ks) of one trained model may correlate over the data
sets in any way, while query effects b and the seed x query residuals e are independent. The
estimate is the mean over k of the means over s and q. Averaging every seed over its data sets first
turns the seed effects into one number per seed, whose variance needs no model of the correlation.

The variance is A + max(0, B - E), with A from the seed means (seed + residual), B from the query
means (query + residual) and E from the residuals, so that the residual is counted once. The
critical value is Cochran's average of Student's t, weighted by the shares of variance: A deserves
t with seeds - 1 degrees of freedom, the rest t with those of the queries. A single t with
Satterthwaite's degrees of freedom covers as little as 92 % at three seeds (docs/statistics.md);
those degrees of freedom are kept as the interval's ``df``.

Sources: Searle, Casella & McCulloch, Variance Components (1992), ch. 4 (moment estimators of the
balanced two-way layout); Satterthwaite, Biometrics Bulletin 2 (1946), eq. 17; Cochran, Biometrics
20 (1964), Approximate significance levels of the Behrens-Fisher test (the weighted t).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.tables.strata import Values, check_values, seed_means

_NORMAL = 1e9
"""Degrees of freedom at which Student's t is the normal distribution."""


def half_width(
    seed: Float[np.ndarray, "*n"],
    query: Float[np.ndarray, "*n"],
    residual: Float[np.ndarray, "*n"],
    *,
    seed_df: float,
    query_df: float,
    level: float,
) -> Float[np.ndarray, "*n"]:
    """Return half the interval's width (Cochran's critical value times the standard error).

    Args:
        seed: A, estimated variance of the mean of the seed means.
        query: B, of the mean of the query means.
        residual: E, the part that both hold.
        seed_df: degrees of freedom of A.
        query_df: of B.
        level: coverage asked for.
    """
    from scipy.special import stdtrit

    tail = (1 + level) / 2
    net = np.maximum(query - residual, 0.0)
    weighted = seed * stdtrit(min(seed_df, _NORMAL), tail)
    weighted = weighted + net * stdtrit(min(query_df, _NORMAL), tail)
    error = np.sqrt(seed + net)
    result: Float[np.ndarray, "*n"] = np.divide(
        weighted, error, out=np.zeros_like(error), where=error > 0
    )
    return result


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """The three independent parts that the variance of the mean is made of, and their sizes.

    Each part is an estimated variance of the overall mean, in squared units of the values.
    """

    seeds: int
    queries: tuple[int, ...]
    """Queries of each data set."""
    seed_part: float
    """A: sample variance of the seed means / seeds; 0 with one seed."""
    query_parts: tuple[float, ...]
    """B by data set: sample variance of the query means / (queries x data sets^2)."""
    residual_parts: tuple[float, ...]
    """E by data set: residual mean square / (seeds x queries x data sets^2); 0 with one seed."""

    @property
    def query_part(self) -> float:
        """B, over all data sets."""
        return sum(self.query_parts)

    @property
    def residual_part(self) -> float:
        """E, over all data sets."""
        return sum(self.residual_parts)

    @property
    def variance(self) -> float:
        """Variance of the overall mean, the query component not below zero."""
        return self.seed_part + max(0.0, self.query_part - self.residual_part)

    @property
    def seed_df(self) -> float:
        """Degrees of freedom of A."""
        return float(max(self.seeds - 1, 1))

    @property
    def query_df(self) -> float:
        """Satterthwaite's degrees of freedom of B; infinite where no query differs."""
        doubt = sum(b**2 / max(q - 1, 1) for b, q in self._by_data_set(self.query_parts))
        return self.query_part**2 / doubt if doubt > 0 else float("inf")

    @property
    def df(self) -> float:
        """Satterthwaite's degrees of freedom of ``variance``; infinite where nothing varies."""
        doubt = self.seed_part**2 / self.seed_df
        doubt += sum(b**2 / max(q - 1, 1) for b, q in self._by_data_set(self.query_parts))
        for e, q in self._by_data_set(self.residual_parts):
            doubt += e**2 / (self.seed_df * max(q - 1, 1))
        return self.variance**2 / doubt if doubt > 0 else float("inf")

    def half_width(self, level: float) -> float:
        """Return half the width of the interval of the overall mean."""
        parts = (np.asarray(p) for p in (self.seed_part, self.query_part, self.residual_part))
        return float(
            half_width(*parts, seed_df=float(self.seed_df), query_df=self.query_df, level=level)
        )

    def _by_data_set(self, parts: tuple[float, ...]) -> zip[tuple[float, int]]:
        return zip(parts, self.queries, strict=True)


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
