"""Interval of the mean difference of two 0/1 measures: flips up less flips down.

A query that both arms find, or neither, says nothing; the others flip up (+1) or down (-1). Each
share has its exact interval (Clopper & Pearson, Biometrika 26 (1934)), both at a level that makes
them hold together (Bonferroni), so that their difference is covered whatever the shares are.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a binomial share.

    Args:
        successes: 0 to ``trials``.
        trials: at least 1.
        level: coverage asked for; half of what is missing on each side.
    """
    from scipy.special import betaincinv

    tail, failures = (1 - level) / 2, trials - successes
    low = float(betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - tail)) if failures else 1.0
    return low, high


def are_flips(values: Float[np.ndarray, " n"]) -> bool:
    """Return whether all values are -1, 0 or 1."""
    return bool(np.isin(values, (-1.0, 0.0, 1.0)).all())


def flip_interval(values: Float[np.ndarray, " n"], level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of independent values of -1, 0 and 1.

    Raises:
        ValueError: for any other value, or none at all.
    """
    if not len(values) or not are_flips(values):
        raise ValueError("values must be -1, 0 or 1")
    each = (1 + level) / 2
    up = clopper_pearson(int((values > 0).sum()), len(values), each)
    down = clopper_pearson(int((values < 0).sum()), len(values), each)
    return up[0] - down[1], up[1] - down[0]
