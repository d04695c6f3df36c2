"""Tail of a sum of randomly signed terms, without drawing any signs.

The cumulants of S = sum of e_i a_i, with independent signs e_i of either kind, are known exactly:
K(t) = sum of log cosh(t a_i). With t the root of K'(t) = x, w = sqrt(2 (t x - K(t))) and
u = t sqrt(K''(t)), the chance of S >= x is

    1 - Phi(w) + phi(w) (1 / u - 1 / w).

Its relative error stays small far out in the tail, where drawn signs find nothing to count. Terms
that are multiples of one step put S on a lattice, two steps wide: x is then moved down by one.

Sources: Robinson, JRSS B 44 (1982), section 2 (sign-flip tests); Lugannani & Rice, Advances in
Applied Probability 12 (1980); Daniels, International Statistical Review 55 (1987), section 6 (the
lattice).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

_FINEST = 1e-4
"""Steps of a lattice below this, in standard deviations of S, change nothing."""
_NEAR_ZERO = 1e-3
"""Values of w below which 1 / u - 1 / w is taken at its limit, zero."""


def effective_terms(terms: Float[np.ndarray, " n"]) -> float:
    """Return how many equal terms would make a sum as nearly normal (from its fourth cumulant)."""
    squares = terms**2
    return float(squares.sum() ** 2 / (squares**2).sum())


def signed_sum_p(terms: Float[np.ndarray, " n"]) -> float:
    """Return P(|sum of randomly signed terms| >= |sum of terms|), approximately.

    Args:
        terms: none of them zero; some hundred effective ones for an error below 1 % of p.
    """
    from scipy.special import ndtr

    sizes = np.abs(terms) / float((terms**2).sum()) ** 0.5
    least = abs(float(terms.sum())) / float((terms**2).sum()) ** 0.5 - _step(sizes)
    if least <= 0:
        return 1.0
    tilt = _tilt(sizes, least)
    if tilt is None:
        return float(np.finfo(float).tiny)
    spread = tilt * sizes
    cumulant = float((spread + np.log1p(np.exp(-2 * spread)) - math.log(2)).sum())
    w = math.sqrt(max(0.0, 2 * (tilt * least - cumulant)))
    curvature = float((sizes**2 * (1 - np.tanh(spread) ** 2)).sum())
    u = tilt * math.sqrt(curvature)
    tail = float(ndtr(-w))
    if w > _NEAR_ZERO:
        tail += math.exp(-(w**2) / 2) / math.sqrt(2 * math.pi) * (1 / u - 1 / w)
    return float(min(1.0, max(2 * tail, np.finfo(float).tiny)))


def _tilt(sizes: Float[np.ndarray, " n"], least: float) -> float | None:
    """Return the root of K'(t) = ``least``; None where it lies beyond what numbers can hold."""
    from scipy.optimize import brentq

    def short(tilt: float) -> float:
        return float((sizes * np.tanh(tilt * sizes)).sum()) - least

    high = 2.0
    while short(high) < 0:
        high *= 2
        if high * float(sizes.min()) > 20:  # every sign is the same
            return None
    return float(brentq(short, 0.0, high, xtol=1e-12))


def _step(sizes: Float[np.ndarray, " n"]) -> float:
    """Return the step of which all sizes are multiples; zero where there is none worth telling."""
    step = 0.0
    for size in np.unique(sizes):
        one, other = float(size), step
        while other > _FINEST / 10:
            one, other = other, math.remainder(one, other)
            other = abs(other)
        step = one
        if step < _FINEST:
            return 0.0
    return step
