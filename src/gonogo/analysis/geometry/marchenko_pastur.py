"""Eigenvalues that perfect Gaussian data would have: the shape to hold a spectrum against.

Marchenko & Pastur 1967, "Distribution of eigenvalues for some sets of random matrices": for n rows
of N(0, I) in d dimensions with q = d / n, the covariance's eigenvalues have the density
``sqrt((b - x)(x - a)) / (2 pi q x)`` between ``a, b = (1 -+ sqrt(q))^2``, and for q > 1 a share
1 - 1 / q of them is 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_POINTS = 4096


def gaussian_spectrum(count: int, dimension: int) -> Float[np.ndarray, "d"]:
    """Return the d eigenvalues that Gaussian data of unit variance has in the limit, largest first.

    They are the quantiles of the Marchenko-Pastur law at (i - 1/2) / d. Centring takes one row, so
    q = d / (n - 1).

    Raises:
        ValueError: with fewer than two rows, or no dimension.
    """
    if count < 2 or dimension < 1:
        raise ValueError(f"the spectrum of {count} rows in {dimension} dimensions")
    q = dimension / (count - 1)
    low, high = (1 - q**0.5) ** 2, (1 + q**0.5) ** 2
    # x = centre + radius cos(angle) takes the square roots at both edges out of the integrand;
    # midpoints keep off x = 0, where both sides of the fraction vanish at q = 1.
    edges = np.linspace(0, np.pi, _POINTS + 1)
    centre, radius = (high + low) / 2, (high - low) / 2
    middle = (edges[1:] + edges[:-1]) / 2
    density = (radius * np.sin(middle)) ** 2 / (centre + radius * np.cos(middle))
    above = np.concatenate([[0.0], np.cumsum(density)])
    share = min(1.0, 1 / q)  # of eigenvalues that are not 0
    above *= share / above[-1]
    wanted = (np.arange(dimension) + 0.5) / dimension
    angle = np.interp(wanted, above, edges)
    values: Float[np.ndarray, "d"] = np.where(wanted < share, centre + radius * np.cos(angle), 0.0)
    return values
