"""Intervals of a mean that hold after every value at once: confidence sequences.

Queries that arrive one by one may be looked at after each of them, and looking may stop as soon as
the interval says enough: with (L_n, U_n) the interval after n values,

    P(for all n >= 1: L_n <= mean <= U_n) >= level.

The interval is that of betting (``betting``), with one mixture of bets for any number of values.
Against the true mean its capital is a non-negative martingale that starts at 1, so that by Ville's
inequality it ever reaches 2 / (1 - level) with a chance of at most (1 - level) / 2 a side. Half of
the capital is shared by bets that suit few values, the other half by c = 1/2, 1/4, 1/8, ... in
shares that fall as 1 / k (k + 1): the k-th suits some 4^k / 16 values and costs little more than if
that number had been known.

Sources: Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 49 (2021), eq. 1 (confidence
sequences); Waudby-Smith & Ramdas, JRSS B 86 (2024), Theorem 3 and Appendix B (by betting); Ville,
Etude critique de la notion de collectif (1939).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gonogo.analysis.statistics.betting import LARGE, Mixture, betting_interval

_HALVINGS = 20
"""Down to bets that suit 10^11 values."""


def anytime_mixture() -> Mixture:
    """Return the bets that serve every number of values."""
    halvings = np.arange(1, _HALVINGS + 1)
    falling = 1.0 / (halvings * (halvings + 1.0))
    bets = np.concatenate([LARGE, 0.5**halvings])
    shares = np.concatenate([np.full(len(LARGE), 1 / len(LARGE)), falling / falling.sum()]) / 2
    return Mixture(bets, shares)


def running_interval(
    values: Float[np.ndarray, " n"], bounds: tuple[float, float], level: float = 0.95
) -> tuple[float, float]:
    """Return the interval after the values so far; the intervals after all numbers hold together.

    Args:
        values: so far, at least one, in any order; each with the same mean, given those before.
        bounds: the least and the greatest value that could have been.
        level: of all intervals together.

    Raises:
        ValueError: for a value outside of the bounds.
    """
    return betting_interval(values, bounds, level, anytime_mixture())
