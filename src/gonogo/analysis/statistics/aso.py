"""Almost Stochastic Order between two samples of scores.

Sources: del Barrio, Cuesta-Albertos & Matran 2018 (the violation ratio and its bootstrap); Dror,
Shlomov & Reichart, ACL 2019 (its use for deep learning); Ulmer et al. 2022 (threshold 0.2).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gonogo.core.seeds import generator

THRESHOLD = 0.2
"""The first sample is called better below this."""

FALSE_ALARMS: dict[int, float] = {2: 0.17, 3: 0.10, 4: 0.07, 5: 0.06, 10: 0.03}
"""How often two equal systems fall below the threshold, by scores a side (docs/statistics.md)."""


def _violation(
    first: Float[np.ndarray, "*batch n"], second: Float[np.ndarray, "*batch m"]
) -> Float[np.ndarray, "*batch"]:
    """Return the violation ratio of ascending samples along the last axis.

    Both quantile functions are steps, so the integrals are sums over the merged breakpoints i/n
    and j/m. Where the samples agree entirely neither is better: 0.5.
    """
    n, m = first.shape[-1], second.shape[-1]
    # Breakpoints as whole numbers of 1/(n m), so that equal ones merge without rounding.
    ends = np.union1d(np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
    widths = np.diff(ends, prepend=0) / (n * m)
    gap = second[..., (ends - 1) // n] - first[..., (ends - 1) // m]
    squared = gap * gap * widths
    whole = squared.sum(axis=-1)
    against = np.where(gap > 0, squared, 0.0).sum(axis=-1)
    ratio: Float[np.ndarray, "*batch"] = np.divide(
        against, whole, out=np.full_like(whole, 0.5), where=whole > 0
    )
    return ratio


def violation_ratio(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> float:
    """Return how much of the squared distance between the quantile functions speaks against a > b.

    0 if a is stochastically larger everywhere, 1 if b is, 0.5 if the samples are equal. Exact, for
    any two sample sizes.
    """
    return float(_violation(np.sort(a), np.sort(b)))


def aso(
    a: Float[np.ndarray, " n"],
    b: Float[np.ndarray, " m"],
    *,
    alpha: float = 0.05,
    draws: int = 1_000,
    seed: int = 0,
    comparisons: int = 1,
) -> float:
    """Return eps_min, an upper confidence bound on the violation ratio; a is better if it is low.

    eps_min = eps - sigma Phi^-1(alpha / comparisons), sigma the ratio's standard deviation over
    bootstrap resamples of both samples. More comparisons ask for more confidence.

    Args:
        a: scores that might be better, such as one a seed.
        b: scores to compare with.
        alpha: 1 - confidence.
        draws: bootstrap resamples.
        seed: of the resamples.
        comparisons: how many are made at once (Bonferroni).
    """
    from scipy.special import ndtri

    first, second = np.sort(a), np.sort(b)
    rng = generator(seed, "aso", len(a), len(b))
    resampled = [
        sample[np.sort(rng.integers(0, len(sample), size=(draws, len(sample))), axis=1)]
        for sample in (first, second)
    ]
    sigma = float(_violation(*resampled).std())
    bound = violation_ratio(first, second) - sigma * float(ndtri(alpha / comparisons))
    return min(1.0, max(0.0, bound))
