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

Queries may come in clusters. B is then the cluster-robust variance of the query means, E that of
the residuals of each seed: Cameron, Gelbach & Miller's seeds + clusters - interaction; with few of
them the critical value lies between Cochran's and Satterthwaite's. Two arms that were trained with
seeds of their own (``two_arms``) have a part A each.

Sources: Searle, Casella & McCulloch, Variance Components (1992), ch. 4 (moment estimators of the
balanced two-way layout); Satterthwaite, Biometrics Bulletin 2 (1946), eq. 17; Cochran, Biometrics
20 (1964), Approximate significance levels of the Behrens-Fisher test (the weighted t); Zou &
Donner, Statistics in Medicine 27 (2008) (MOVER: intervals of sums from those of their parts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from gonogo.analysis.statistics.clusters import cluster_weights
from gonogo.analysis.tables.strata import Clusters, Values, check_values, seed_means

USUAL = 0.95
"""Above this level the parts' own intervals are put together, and their t values not averaged."""
_NORMAL = 1e9
"""Degrees of freedom at which Student's t is the normal distribution."""
_ONE_T, _ONE_T_FROM = 0.6, 12.0
"""Largest share of one t in the interval of clusters, and of which degrees of freedom it is."""


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

    Cochran's average trusts a seed part that came out small by chance: with two seeds whose means
    tie, hardly any width is left. At 95 % that is rare enough; at the levels of early looks it is
    not. There the squared half widths that each part alone asks for are added (MOVER), which is
    never narrower and exact where either part is alone.

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
    of_seed, of_query = (float(stdtrit(min(df, _NORMAL), tail)) for df in (seed_df, query_df))
    if level > USUAL:
        return np.asarray(np.sqrt(seed * of_seed**2 + net * of_query**2))
    weighted = seed * of_seed + net * of_query
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
    dfs: tuple[float, ...] | None = None
    """Degrees of freedom of each B, where they are not queries - 1, as in clusters."""
    arm_parts: tuple[tuple[float, int], ...] = ()
    """A and seeds of each arm, where the arms' seeds are not paired; together they are A."""

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
        """Degrees of freedom of A (Welch's, where each arm has its own)."""
        doubt = sum(part**2 / max(seeds - 1, 1) for part, seeds in self.arm_parts)
        return self.seed_part**2 / doubt if doubt > 0 else float(max(self.seeds - 1, 1))

    @property
    def query_df(self) -> float:
        """Satterthwaite's degrees of freedom of B; infinite where no query differs."""
        doubt = sum(b**2 / df for b, df in self._by_data_set(self.query_parts))
        return self.query_part**2 / doubt if doubt > 0 else float("inf")

    @property
    def df(self) -> float:
        """Satterthwaite's degrees of freedom of ``variance``; infinite where nothing varies."""
        doubt = self.seed_part**2 / self.seed_df
        doubt += sum(b**2 / df for b, df in self._by_data_set(self.query_parts))
        for e, df in self._by_data_set(self.residual_parts):
            doubt += e**2 / (self.seed_df * df)
        return self.variance**2 / doubt if doubt > 0 else float("inf")

    def seed_half_width(self, level: float) -> float:
        """Return the half width that seeds alone ask for; Cochran's value over both arms'."""
        from scipy.special import stdtrit

        parts = self.arm_parts or ((self.seed_part, self.seeds),)
        if self.seed_part <= 0:
            return 0.0
        tail = (1 + level) / 2
        weighted = sum(part * float(stdtrit(max(seeds - 1, 1), tail)) for part, seeds in parts)
        return weighted / float(self.seed_part**0.5)

    def half_width(self, level: float) -> float:
        """Return half the width of the interval of the overall mean."""
        if self.arm_parts:
            from scipy.special import stdtrit

            net = max(0.0, self.query_part - self.residual_part)
            rest = net * float(stdtrit(min(self.query_df, _NORMAL), (1 + level) / 2))
            error = float((self.seed_part + net) ** 0.5)
            if level > USUAL:
                query = rest**2 / net if net > 0 else 0.0
                return float((self.seed_half_width(level) ** 2 + query) ** 0.5)
            own = self.seed_half_width(level) * float(self.seed_part**0.5)
            return (own + rest) / error if error > 0 else 0.0
        parts = (np.asarray(p) for p in (self.seed_part, self.query_part, self.residual_part))
        own = float(
            half_width(*parts, seed_df=float(self.seed_df), query_df=self.query_df, level=level)
        )
        return own if level > USUAL else self._less_strict(own, level)

    def _less_strict(self, cochran: float, level: float) -> float:
        """Draw the half width of few clusters towards that of one t for the whole variance.

        Cochran's value is too strict where both parts have few degrees of freedom, since both are
        seldom too small at once (98 % at 15 and 30 clusters and three seeds); one t is not strict
        enough where the queries' part is known well. The shares are those that keep 94 to 97 % at
        15 to 60 clusters in simulation (docs/statistics.md).
        """
        from scipy.special import stdtrit

        if self.dfs is None or self.seeds < 3 or self.variance <= 0:
            return cochran
        share = min(_ONE_T, _ONE_T_FROM / self.query_df)
        one = float(stdtrit(min(self.df, _NORMAL), (1 + level) / 2)) * self.variance**0.5
        return float((1 - share) * cochran + share * min(one, cochran))

    def query_half_width(self, position: int, level: float) -> float:
        """Return the half width that the queries of one data set alone ask for."""
        from scipy.special import stdtrit

        net = max(0.0, self.query_parts[position] - self.residual_parts[position])
        df = self._dfs()[position]
        return float(net**0.5) * float(stdtrit(min(df, _NORMAL), (1 + level) / 2))

    def _dfs(self) -> tuple[float, ...]:
        return self.dfs or tuple(float(max(queries - 1, 1)) for queries in self.queries)

    def _by_data_set(self, parts: tuple[float, ...]) -> zip[tuple[float, float]]:
        return zip(parts, self._dfs(), strict=True)


def query_split(
    block: Float[np.ndarray, "s q"], codes: Int[np.ndarray, " q"] | None
) -> tuple[float, float, float]:
    """Return B, its degrees of freedom and E of one data set's own mean.

    Args:
        block: values, one row a seed.
        codes: cluster of each query; None where every query is its own.
    """
    seeds, queries = block.shape
    if codes is not None and codes.max() == 0:
        return 0.0, 1.0, 0.0
    means = block.mean(axis=0)
    crossed = seeds > 1 and queries > 1
    rest = block - block.mean(axis=1, keepdims=True) - (means - means.mean()) if crossed else None
    if codes is not None:
        weights = cluster_weights(means, codes)
        left = 0.0 if rest is None else float(weights.variance(rest).sum())
        shared = float(weights.variance(means[None])[0])
        return shared, weights.df, left / max(1, seeds * (seeds - 1))
    if queries == 1:
        return 0.0, 1.0, 0.0
    left = 0.0 if rest is None else float(np.vdot(rest, rest)) / ((seeds - 1) * (queries - 1))
    return float(means.var(ddof=1)) / queries, float(queries - 1), left / (queries * seeds)


def mean_squares(values: Values, clusters: Clusters | None = None) -> MeanSquares:
    """Split the variance of the overall mean.

    Args:
        values: one (seeds, queries) array a data set. With one seed, seeds add nothing; a data
            set with one query, or one cluster, adds no query part.
        clusters: of each data set, the cluster of each query.

    Raises:
        ValueError: for anything but a full layout.
    """
    check_values(values)
    seeds, strata = len(values[0]), len(values)
    seed_part = float(seed_means(values).var(ddof=1) / seeds) if seeds > 1 else 0.0
    codes = clusters or [None] * strata
    split = [query_split(block, own) for block, own in zip(values, codes, strict=True)]
    return MeanSquares(
        seeds=seeds,
        queries=tuple(block.shape[1] for block in values),
        seed_part=seed_part,
        query_parts=tuple(shared / strata**2 for shared, _, _ in split),
        residual_parts=tuple(rest / strata**2 for _, _, rest in split),
        dfs=tuple(df for _, df, _ in split) if clusters else None,
    )
