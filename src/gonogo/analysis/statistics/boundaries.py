"""Levels of looks that together miss as often as their error spending says, and no less.

Looks at growing data repeat most of what earlier looks saw. If each look's share of the error were
used as though looks were disjoint, the last one, whose statistic hardly differs from the one
before, would be left with a fraction of what it may spend. Here a statistic's path is that of
Brownian motion B at the information fractions t_d: bounds c_d are found one after the other so that

    P(|B(t_j)| < c_j sqrt(t_j) for all j < d, |B(t_d)| >= c_d sqrt(t_d)) = spent at look d,

the density of the paths that have not left being carried from look to look on a grid. Statistics
that share noise over looks, as those of the same queries do, hang together more closely than that,
and leave their bounds less often.

Sources: Armitage, McPherson & Rowe, JRSS A 132 (1969) (the recursion); Lan & DeMets, Biometrika 70
(1983) (spending); Jennison & Turnbull, Group Sequential Methods (2000), ch. 7 and 19.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, " points"]

_POINTS = 401
"""Of the grid: the error of a level is below a thousandth of it."""


@lru_cache(maxsize=256)
def nominal_errors(fractions: tuple[float, ...], spent: tuple[float, ...]) -> tuple[float, ...]:
    """Return the two-sided error of each look by itself.

    Args:
        fractions: information at each look, rising, above 0 and at most 1.
        spent: what may be missed first at each look, two-sided.

    Raises:
        ValueError: if there are not as many of both, or fractions do not rise.
    """
    if len(fractions) != len(spent) or list(fractions) != sorted(set(fractions)):
        raise ValueError("as many rising fractions as shares are needed")
    from scipy.special import ndtr

    bounds = _bounds(fractions, spent)
    return tuple(float(2 * ndtr(-bound)) for bound in bounds)


def _bounds(fractions: Sequence[float], spent: Sequence[float]) -> list[float]:
    from scipy.optimize import brentq
    from scipy.special import ndtri

    bounds = [float(-ndtri(spent[0] / 2))]
    edge = bounds[0] * fractions[0] ** 0.5
    grid = np.linspace(-edge, edge, _POINTS)
    density = np.exp(-(grid**2) / (2 * fractions[0])) / (2 * np.pi * fractions[0]) ** 0.5
    for place, fraction in enumerate(fractions[1:], start=1):
        gap = (fraction - fractions[place - 1]) ** 0.5
        leaves = partial(_leaving, grid, density * _weights(grid), gap, fraction**0.5, spent[place])
        bounds.append(float(brentq(leaves, 0.0, 12.0, xtol=1e-10)))
        edge = bounds[-1] * fraction**0.5
        after = np.linspace(-edge, edge, _POINTS)
        steps = np.exp(-(((after[:, None] - grid) / gap) ** 2) / 2) / (2 * np.pi) ** 0.5 / gap
        density, grid = steps @ (density * _weights(grid)), after
    return bounds


def _weights(grid: Points) -> Points:
    """Return the weights of the trapezoid rule."""
    weights = np.full(len(grid), grid[1] - grid[0])
    weights[[0, -1]] /= 2
    return weights


def _leaving(
    grid: Points, mass: Points, gap: float, root: float, spent: float, bound: float
) -> float:
    """Return how much more than ``spent`` leaves within the bounds at a look."""
    from scipy.special import ndtr

    leaves = ndtr((grid - bound * root) / gap) + ndtr((-grid - bound * root) / gap)
    return float(mass @ leaves) - spent
