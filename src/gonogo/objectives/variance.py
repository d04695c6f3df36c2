"""Variance regulariser: each dimension's standard deviation is drawn to a target.

The two-sided form of the variance term of VICReg (Bardes et al., arXiv 2105.04906, eq. 1).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.rows import with_memory

STABILISER = 1e-4
"""Added to variances, as in VICReg: the slope of a square root at 0 is infinite."""


def variance_distance(
    embeddings: Float[Tensor, "n d"],
    *,
    memory: Float[Tensor, "m d"] | None = None,
    target: float = 1.0,
    similarity: Similarity = "euclidean",
) -> Float[Tensor, ""]:
    """Return the mean over dimensions of ``(std - target)^2``.

    It says nothing of how dimensions correlate, and so changes with a rotation. Switched on
    together with an isotropy term it confounds what that term does: hold it equal over arms.

    Args:
        embeddings: this batch, which alone gets a gradient.
        memory: earlier embeddings; see :func:`~gonogo.objectives.rows.with_memory`.
        target: standard deviation wanted, in the units of the embeddings.
        similarity: embeddings of a ``cosine`` model are multiplied by sqrt(d) first.

    Raises:
        ValueError: with fewer than two rows, which have no variance.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        rows = with_memory(embeddings, memory, similarity)
        if len(rows) < 2:
            raise ValueError(f"the variance of {len(rows)} rows")
        deviation = (rows.var(dim=0) + STABILISER).sqrt()
        return (deviation - target).square().mean()
