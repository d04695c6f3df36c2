"""Variance of a mean of queries that come in clusters, such as several questions on one document.

With the cluster sums of deviations u_g, the variance of the mean of Q queries is estimated as
sum_g a_g u_g^2 / Q^2, with a_g = 1 / (1 - n_g / Q) for what the common mean takes from each cluster
(the CR2 estimator of an intercept; clusters of one query give the sample variance over Q exactly).
Few clusters of unequal size make it both too small and worth few degrees of freedom. Both are
mended under a working model in which queries of one cluster correlate equally (by the moment
estimate of the intra-class correlation): the estimate is scaled to be unbiased there, and its
degrees of freedom are those of a chi-square with the same mean and variance.

Sources: Bell & McCaffrey, Survey Methodology 28 (2002), and Pustejovsky & Tipton, JBES 36 (2018)
(CR2 and its degrees of freedom); Cameron, Gelbach & Miller, JBES 29 (2011) (two-way clusters);
Miller, arXiv:2411.00640 (2024) (clustered questions in evaluations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True, slots=True)
class ClusterWeights:
    """What the variance of a data set's mean needs to know about its clusters."""

    codes: Int[np.ndarray, " queries"]
    """The cluster of each query, 0 to clusters - 1."""
    sizes: Float[np.ndarray, " clusters"]
    correction: float
    """Makes the CR2 estimate unbiased under the working model."""
    df: float
    """Degrees of freedom of the estimate."""

    def variance(self, values: Float[np.ndarray, "rows queries"]) -> Float[np.ndarray, " rows"]:
        """Return the estimated variance of the mean of each row."""
        total = self.sizes.sum()
        deviations = values - values.mean(axis=-1, keepdims=True)
        sums = cluster_sums(deviations, self.codes, len(self.sizes))
        share = 1.0 / (1.0 - self.sizes / total)
        result: Float[np.ndarray, " rows"] = (sums**2 @ share) * self.correction / total**2
        return result


def cluster_sums(
    values: Float[np.ndarray, "rows queries"], codes: Int[np.ndarray, " queries"], clusters: int
) -> Float[np.ndarray, "rows clusters"]:
    """Sum the values of each cluster."""
    return np.stack([np.bincount(codes, row, minlength=clusters) for row in values])


def intra_class(values: Float[np.ndarray, " queries"], codes: Int[np.ndarray, " queries"]) -> float:
    """Return the intra-class correlation by the moment (ANOVA) estimator, 0 to 1."""
    sizes = np.bincount(codes).astype(float)
    total, clusters = sizes.sum(), len(sizes)
    if clusters < 2 or total == clusters:
        return 0.0
    means = np.bincount(codes, values) / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (clusters - 1)
    within = float(((values - means[codes]) ** 2).sum()) / (total - clusters)
    usual = (total - (sizes**2).sum() / total) / (clusters - 1)
    spread = between + (usual - 1) * within
    return min(1.0, max(0.0, (between - within) / spread)) if spread > 0 else 0.0


def cluster_weights(
    values: Float[np.ndarray, " queries"], codes: Int[np.ndarray, " queries"]
) -> ClusterWeights:
    """Return the weights for values of one data set.

    Args:
        values: a value a query, by which the intra-class correlation is estimated.
        codes: the cluster of each query, 0 to clusters - 1, at least two of them.
    """
    sizes = np.bincount(codes).astype(float)
    total = float(sizes.sum())
    variance = sizes * (1 + (sizes - 1) * intra_class(values, codes))
    share = sizes / total
    adjust = 1.0 / (1.0 - share)
    # The sums of deviations are u = (I - share 1') s with independent s of these variances:
    # cov(u) = D - share v' - v share' + share share' sum(v), a diagonal plus rank two.
    left = np.stack([share, variance], axis=1)
    middle = np.array([[variance.sum(), -1.0], [-1.0, 0.0]])
    diagonal = adjust * variance
    inner = left.T @ (adjust[:, None] * left)
    trace = float(diagonal.sum() + np.trace(middle @ inner))
    crossed = left.T @ ((diagonal * adjust)[:, None] * left)
    squared = float(
        (diagonal**2).sum()
        + 2 * np.trace(middle @ crossed)
        + np.trace(middle @ inner @ middle @ inner)
    )
    return ClusterWeights(
        codes, sizes, correction=float(variance.sum()) / trace, df=trace**2 / squared
    )
