"""Intervals of a bounded mean by betting: valid at any sample size, however skewed the values are.

To bet against a mean m is to multiply one's capital with 1 + lambda (x_i - m) at each value; if the
values' mean is m the capital is a martingale, and by Ville's inequality it ever reaches 1 / alpha
with a chance of at most alpha. The interval holds every m against which no bet became so rich. As
no normal approximation is made, a hundred values of which two differ from the rest get the width
that they deserve, where Student's t sees hardly any variance and gives hardly any.

The capital is a mixture over fixed bets, lambda = c / m upwards and c / (1 - m) downwards with c on
a grid (the diversified Kelly bettor). It does not depend on the order of the values, and
falls in m for every value, so that each end is one root. The grid of ``betting_interval`` is made
for the number of values; one that serves every number makes a sequence that may be looked at after
each query (``confidence_sequence``).

Sources: Waudby-Smith & Ramdas, JRSS B 86 (2024), Theorem 3 (hedged capital) and Appendix B
(dKelly); Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 49 (2021) (time-uniform bounds).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LARGE = (1.0, 0.97, 0.9, 0.8, 0.65)
"""The largest c of the grid: closer together, since one value at the end takes 1 - c of a stake."""

_SMALLEST_BET = 0.25
"""The smallest c of the grid, in units of 1 / sqrt(n): bets below it cannot win in n rounds."""


def _bets(count: float) -> Float[np.ndarray, " bets"]:
    """Return the grid of c: LARGE, then 1/2, 1/4, ... to what ``count`` values can make use of."""
    halvings = max(1, int(np.ceil(np.log2(np.sqrt(count) / _SMALLEST_BET))))
    grid: Float[np.ndarray, " bets"] = np.concatenate([LARGE, 0.5 ** np.arange(1, halvings)])
    return grid


@dataclass(frozen=True, slots=True)
class Mixture:
    """Bets, c in (0, 1], and the shares of the capital that go into each of them."""

    bets: Float[np.ndarray, " bets"]
    shares: Float[np.ndarray, " bets"]

    def log_capital(
        self,
        mean: float,
        values: Float[np.ndarray, " distinct"],
        counts: Float[np.ndarray, " distinct"],
    ) -> float:
        """Return the log of the capital after betting that the mean is above ``mean``."""
        from scipy.special import logsumexp

        with np.errstate(divide="ignore"):
            won = np.log1p(self.bets[:, None] * (values / mean - 1.0))
        return float(logsumexp(won @ counts, b=self.shares))


def _lower(
    values: Float[np.ndarray, " distinct"],
    counts: Float[np.ndarray, " distinct"],
    alpha: float,
    mixture: Mixture,
) -> float:
    """Return the smallest mean that a bet upwards did not refute, at error ``alpha``."""
    from scipy.optimize import brentq

    goal = -float(np.log(alpha))

    def short(mean: float) -> float:
        return goal - mixture.log_capital(mean, values, counts)

    average = float(values @ counts / counts.sum())
    floor = average * 1e-12
    if average <= 0.0 or short(floor) >= 0.0:
        return 0.0
    found: float = brentq(short, floor, average, xtol=1e-9)
    return found


def betting_interval(
    values: Float[np.ndarray, " n"],
    bounds: tuple[float, float],
    level: float = 0.95,
    mixture: Mixture | None = None,
) -> tuple[float, float]:
    """Return the interval of the mean of independent values within ``bounds``.

    Args:
        values: at least one.
        bounds: the least and the greatest value that could have been.
        level: coverage asked for; at least this for any distribution within the bounds.
        mixture: of bets; by default equal shares of those that suit this number of values, which
            must then have been fixed before.

    Raises:
        ValueError: for a value outside of the bounds.
    """
    low, high = bounds
    if not len(values) or values.min() < low - 1e-9 or values.max() > high + 1e-9:
        raise ValueError(f"values must lie within {low} to {high}")
    unit = np.clip((values - low) / (high - low), 0.0, 1.0)
    distinct, counts = np.unique(unit, return_counts=True)
    weight, alpha = counts.astype(float), (1 - level) / 2
    if mixture is None:
        bets = _bets(float(len(values)))
        mixture = Mixture(bets, np.full(len(bets), 1 / len(bets)))
    below = _lower(distinct, weight, alpha, mixture)
    above = 1.0 - _lower(1.0 - distinct, weight, alpha, mixture)
    return low + (high - low) * below, low + (high - low) * above
