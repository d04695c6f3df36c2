"""Mean and covariance of embeddings, read in blocks of rows: memory of d x d, not of n x d."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float

BLOCK = 4096
"""Rows converted to float64 at a time."""


def blocks(
    embeddings: Float[np.ndarray, "n d"], block: int = BLOCK
) -> Iterator[Float[np.ndarray, "rows d"]]:
    """Yield consecutive rows in float64; a memory map is read once, in order.

    Raises:
        ValueError: at a number that is not finite.
    """
    for start in range(0, len(embeddings), block):
        rows = np.asarray(embeddings[start : start + block], dtype=np.float64)
        if not np.isfinite(rows).all():
            raise ValueError(f"rows {start} to {start + len(rows) - 1}: a number is not finite")
        yield rows


def mean_and_covariance(
    embeddings: Float[np.ndarray, "n d"], block: int = BLOCK
) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "d d"]]:
    """Return the mean and the sample covariance (divisor n - 1), in float64.

    Raises:
        ValueError: with fewer than two rows, or at a number that is not finite.
    """
    return moments_of(lambda: blocks(embeddings, block), *embeddings.shape)


def moments_of(
    read: Callable[[], Iterator[Float[np.ndarray, "rows d"]]], count: int, dimension: int
) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "d d"]]:
    """Return mean and sample covariance of rows that are made as they are read.

    Two passes: the one-pass form loses the covariance of vectors that share a large mean, which
    is what embeddings do.

    Args:
        read: yields all rows in float64, block by block; called twice.
        count: n, of the rows.
        dimension: d.

    Raises:
        ValueError: with fewer than two rows.
    """
    if count < 2:
        raise ValueError(f"the covariance of {count} rows")
    mean = sum((rows.sum(axis=0) for rows in read()), np.zeros(dimension)) / count
    covariance = np.zeros((dimension, dimension))
    for rows in read():
        centred = rows - mean
        covariance += centred.T @ centred
    return mean, covariance / (count - 1)
