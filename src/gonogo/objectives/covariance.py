"""Frobenius distance of the covariance of embeddings to a scaled identity."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.rows import with_memory


def covariance_distance(
    embeddings: Float[Tensor, "n d"],
    *,
    memory: Float[Tensor, "m d"] | None = None,
    target_variance: float | None = None,
    similarity: Similarity = "euclidean",
) -> Float[Tensor, ""]:
    """Return ``||C - v I||_F / d`` with C the sample covariance over batch and memory.

    A small batch is biased: perfect N(0, I) has a distance of about ``1 / sqrt(n - 1)`` (0.18 at 32
    rows), which no model can go below on average, and training against it rewards overfitting the
    batch. The memory lowers that floor.

    Args:
        embeddings: this batch, which alone gets a gradient.
        memory: earlier embeddings; see :func:`~gonogo.objectives.rows.with_memory`.
        target_variance: v. None takes the mean variance, tr(C) / d: the directions of variance
            then count and its size does not, so the value shrinks with the embeddings (by the
            square of their scale) and something else has to hold their size.
        similarity: embeddings of a ``cosine`` model are multiplied by sqrt(d) first.

    Raises:
        ValueError: with fewer than two rows, which have no covariance.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        rows = with_memory(embeddings, memory, similarity)
        count, dimension = rows.shape
        if count < 2:
            raise ValueError(f"the covariance of {count} rows")
        centred = rows - rows.mean(dim=0)
        covariance = centred.T @ centred / (count - 1)
        diagonal = covariance.diagonal()
        variance = diagonal.mean() if target_variance is None else target_variance
        identity = torch.eye(dimension, dtype=rows.dtype, device=rows.device)
        distance: Tensor = torch.linalg.matrix_norm(covariance - variance * identity)
        return distance / dimension
