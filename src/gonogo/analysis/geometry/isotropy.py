"""How evenly a covariance spreads over its directions: figures of its eigenvalues alone.

All are unchanged by rotating, shifting or rescaling the embeddings, and all are NaN where nothing
varies. They rise with the number of rows: compare models on the same texts only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True)
class EigenvalueIsotropy:
    """``1 - std / mean`` of the eigenvalues, and what it takes to read it."""

    value: float
    """From 1 - sqrt(d - 1) (one direction) to 1 (all directions alike); below 0 is common."""
    gaussian: float
    """What rows of N(0, I) score at the same count and dimension."""
    count: int
    """n, rows that the covariance was taken over."""
    dimension: int
    """d."""


def gaussian_reference(count: int, dimension: int) -> float:
    """Return ``1 - std / mean`` of perfect Gaussian data: 0.28 at d 512 and n 1000.

    Sample eigenvalues spread although the true ones are equal (Marchenko & Pastur 1967). The
    squared ratio has the exact expectation (d - 1)(d + 2) / (d (n - 1) + 2): a Wishart matrix over
    its trace is independent of the trace, so the expectation of the quotient ``d ||C||^2 / tr^2``
    is the quotient of the expectations. About 1 - sqrt(d / n).

    Raises:
        ValueError: with fewer than two rows.
    """
    if count < 2:
        raise ValueError(f"the covariance of {count} rows")
    squared = (dimension - 1) * (dimension + 2) / (dimension * (count - 1) + 2)
    return 1 - float(np.sqrt(squared))


def eigenvalue_isotropy(covariance: Float[np.ndarray, "d d"], count: int) -> EigenvalueIsotropy:
    """Return ``1 - std / mean`` of the eigenvalues, from the trace and the Frobenius norm.

    Args:
        covariance: symmetric.
        count: rows that it was taken over.
    """
    dimension = len(covariance)
    squared = max(dimension / participation_ratio(covariance) - 1, 0.0)
    return EigenvalueIsotropy(
        value=1 - float(np.sqrt(squared)),
        gaussian=gaussian_reference(count, dimension),
        count=count,
        dimension=dimension,
    )


def participation_ratio(covariance: Float[np.ndarray, "d d"]) -> float:
    """Return ``(sum lambda)^2 / sum lambda^2``: from 1 to d directions that matter."""
    trace, square = float(np.trace(covariance)), float(np.sum(covariance * covariance))
    return trace * trace / square if square > 0 else float("nan")


def isoscore_star(covariance: Float[np.ndarray, "d d"]) -> float:
    """Return IsoScore* (Rudman & Eickhoff, I-STAR, arXiv 2305.19358), from 0 to 1.

    Their steps over the singular values come down to ``(PR - 1) / (d - 1)`` with the participation
    ratio PR: no decomposition is needed. NaN in one dimension, where it is 0 / 0.
    """
    dimension = len(covariance)
    if dimension < 2:
        return float("nan")
    return (participation_ratio(covariance) - 1) / (dimension - 1)


def spectrum(covariance: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d"]:
    """Return the eigenvalues, largest first; what rounding put below 0 is 0."""
    values: Float[np.ndarray, "d"] = np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0.0)
    return values


def effective_rank(eigenvalues: Float[np.ndarray, "d"]) -> float:
    """Return ``exp(entropy of lambda / sum lambda)`` (Roy & Vetterli, EUSIPCO 2007).

    Their singular values, of the covariance: its eigenvalues. From 1 to d.
    """
    total = float(eigenvalues.sum())
    if total <= 0:
        return float("nan")
    shares = eigenvalues[eigenvalues > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))
