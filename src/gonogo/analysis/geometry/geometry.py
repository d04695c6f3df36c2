"""The geometry of a set of embeddings: what ``isotropy`` figures, cosines and norms say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.geometry.isotropy import (
    EigenvalueIsotropy,
    effective_rank,
    eigenvalue_isotropy,
    isoscore_star,
    participation_ratio,
    spectrum,
)
from gonogo.analysis.geometry.moments import BLOCK, blocks, mean_and_covariance


@dataclass(frozen=True, slots=True)
class Norms:
    """Euclidean lengths of the embeddings."""

    mean: float
    std: float
    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Geometry:
    """Figures of one set of embeddings; compare them over models on the same texts only."""

    isotropy: EigenvalueIsotropy
    """1 - std / mean of the covariance eigenvalues, with n, d and the Gaussian reference."""
    isoscore_star: float
    """From 0 to 1: the bounded figure."""
    mean_cosine: float
    """Over pairs of different rows; a common mean direction raises it, the others ignore that."""
    participation_ratio: float
    """Directions that matter, by squared shares of variance; at most min(d, n - 1)."""
    effective_rank: float
    """Directions that matter, by the entropy of the shares of variance."""
    norms: Norms
    spectrum: tuple[float, ...]
    """Eigenvalues of the covariance, largest first."""


def mean_cosine(embeddings: Float[np.ndarray, "n d"], block: int = BLOCK) -> float:
    """Return the mean cosine over all pairs of different rows, without forming the pairs.

    ``(||sum_i u_i||^2 - sum_i ||u_i||^2) / (n (n - 1))`` with u_i the rows at length 1. A row of
    zeros has no direction and counts as orthogonal to all.

    Raises:
        ValueError: with fewer than two rows, or at a number that is not finite.
    """
    count, dimension = embeddings.shape
    if count < 2:
        raise ValueError(f"the mean cosine of pairs among {count} rows")
    total, own = np.zeros(dimension), 0.0
    for rows in blocks(embeddings, block):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        units = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        total += units.sum(axis=0)
        own += float((units * units).sum())
    mean: float = (float(total @ total) - own) / (count * (count - 1))
    return mean


def norm_statistics(embeddings: Float[np.ndarray, "n d"], block: int = BLOCK) -> Norms:
    """Return the statistics of the rows' lengths; std divides by n.

    Raises:
        ValueError: without rows, or at a number that is not finite.
    """
    if len(embeddings) == 0:
        raise ValueError("the norms of 0 rows")
    parts = [np.linalg.norm(rows, axis=1) for rows in blocks(embeddings, block)]
    lengths = np.concatenate(parts)
    return Norms(
        mean=float(lengths.mean()),
        std=float(lengths.std()),
        minimum=float(lengths.min()),
        median=float(np.median(lengths)),
        maximum=float(lengths.max()),
    )


def geometry(embeddings: Float[np.ndarray, "n d"], *, block: int = BLOCK) -> Geometry:
    """Return every figure of a set of embeddings, in memory of d x d and one block of rows.

    Args:
        embeddings: one row a text, as the model returns them (not normalised for the purpose).
        block: rows read at a time.

    Raises:
        ValueError: with fewer than two rows, or at a number that is not finite.
    """
    mean, covariance = mean_and_covariance(embeddings, block)
    covariance = _zero_if_constant(covariance, mean)
    eigenvalues = spectrum(covariance)
    return Geometry(
        isotropy=eigenvalue_isotropy(covariance, len(embeddings)),
        isoscore_star=isoscore_star(covariance),
        mean_cosine=mean_cosine(embeddings, block),
        participation_ratio=participation_ratio(covariance),
        effective_rank=effective_rank(eigenvalues),
        norms=norm_statistics(embeddings, block),
        spectrum=tuple(eigenvalues.tolist()),
    )


def _zero_if_constant(
    covariance: Float[np.ndarray, "d d"], mean: Float[np.ndarray, "d"]
) -> Float[np.ndarray, "d d"]:
    """Return zeros where equal rows differ from their mean by rounding, which has no geometry."""
    rounding = (len(mean) * np.finfo(np.float64).eps) ** 2 * float(mean @ mean)
    return covariance if np.trace(covariance) > rounding else np.zeros_like(covariance)
