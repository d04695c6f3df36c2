"""Principal angles between the subspaces that two tasks' gradients span.

The cosines are the singular values of Q1'Q2, with orthonormal bases Q1 and Q2 (Björck & Golub,
Mathematics of Computation 27, 1973, theorem 1). A basis is the top right singular vectors of the
matrix of gradients, (steps, parameters). With fewer steps than parameters the inner products of
the gradients are enough: nothing of the size of the parameters is decomposed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

COLUMNS = 1 << 16
"""Columns converted to float64 at a time."""


@dataclass(frozen=True, slots=True)
class SubspaceOverlap:
    """How far two subspaces of the same rank coincide."""

    cosines: tuple[float, ...]
    """Of the principal angles, largest first; 1 is a direction in common, 0 an orthogonal one."""
    mean_squared_cosine: float
    """``||Q1'Q2||_F^2 / rank``, from 0 (orthogonal) to 1 (equal)."""
    chance: float
    """What it is on average for independent random subspaces: rank / dimension."""

    @property
    def angles(self) -> tuple[float, ...]:
        """Principal angles in radians, smallest first."""
        return tuple(np.arccos(np.clip(self.cosines, 0.0, 1.0)).tolist())


def inner_products(
    left: Float[np.ndarray, "n p"], right: Float[np.ndarray, "m p"], *, columns: int = COLUMNS
) -> Float[np.ndarray, "n m"]:
    """Return the rows' inner products, summed in float64 over blocks of columns."""
    total = np.zeros((len(left), len(right)))
    for start in range(0, left.shape[1], columns):
        part = slice(start, start + columns)
        total += left[:, part].astype(np.float64) @ right[:, part].astype(np.float64).T
    return total


def subspace_overlap(
    left: Float[np.ndarray, "n p"], right: Float[np.ndarray, "m p"], rank: int
) -> SubspaceOverlap:
    """Compare the top ``rank`` right singular subspaces of two matrices of gradients.

    Args:
        left: one row a step, one column a parameter.
        right: the other task's.
        rank: dimensions of each subspace.

    Raises:
        ValueError: where the rows of a side span fewer than ``rank`` directions.
    """
    return overlap_from_inner_products(
        inner_products(left, left),
        inner_products(right, right),
        inner_products(left, right),
        rank=rank,
        dimension=left.shape[1],
    )


def overlap_from_inner_products(
    left: Float[np.ndarray, "n n"],
    right: Float[np.ndarray, "m m"],
    cross: Float[np.ndarray, "n m"],
    *,
    rank: int,
    dimension: int,
) -> SubspaceOverlap:
    """Compare two subspaces of which only inner products of their rows were kept.

    With ``X = U S V'``, the basis is ``V = X' U S^-1``, so ``Q1'Q2 = S1^-1 U1' X1 X2' U2 S2^-1``.

    Args:
        left: ``X1 X1'``.
        right: ``X2 X2'``.
        cross: ``X1 X2'``.
        rank: dimensions of each subspace.
        dimension: columns of X1 and X2.

    Raises:
        ValueError: where the rows of a side span fewer than ``rank`` directions.
    """
    product = _to_basis(left, rank).T @ cross.astype(np.float64) @ _to_basis(right, rank)
    cosines = np.clip(np.linalg.svd(product, compute_uv=False), 0.0, 1.0)
    return SubspaceOverlap(
        cosines=tuple(cosines.tolist()),
        mean_squared_cosine=float((cosines**2).mean()),
        chance=rank / dimension,
    )


def _to_basis(gram: Float[np.ndarray, "n n"], rank: int) -> Float[np.ndarray, "n rank"]:
    """Return ``U S^-1`` of the ``rank`` largest singular values, from ``X X' = U S^2 U'``."""
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    least = values[-1] * len(gram) * np.finfo(np.float64).eps
    spanned = int((values > max(least, 0.0)).sum())
    if not 1 <= rank <= spanned:
        raise ValueError(f"a subspace of rank {rank}: the rows span {spanned} directions")
    basis: Float[np.ndarray, "n rank"] = vectors[:, -rank:] / np.sqrt(values[-rank:])
    return basis
