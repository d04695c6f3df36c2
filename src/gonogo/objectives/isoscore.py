"""1 - IsoScore*: how far the covariance of embeddings is from a multiple of the identity.

Rudman and Eickhoff, "Stable Anisotropic Regularization" (I-STAR, ICLR 2024, arXiv 2305.19358). The
paper's steps (eigenvalues normalised, their distance to the ideal, mapped to a share of dimensions)
equal ``(P - 1) / (d - 1)`` with ``P = tr(S)^2 / ||S||_F^2``, the participation ratio, for which no
eigenvalue is needed.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.rows import unit_variance


def isoscore_distance(
    embeddings: Float[Tensor, "n d"],
    *,
    memory: Float[Tensor, "m d"] | None = None,
    shrinkage: float = 0.2,
    similarity: Similarity = "euclidean",
) -> Float[Tensor, ""]:
    """Return ``1 - IsoScore*`` of ``S = (1 - z) C + z C0``; 0 is isotropic, 1 is one direction.

    The covariance C of a small batch has few directions whatever the model does. The paper draws it
    by z towards C0, the covariance of many embeddings. The size of embeddings does not count.

    Args:
        embeddings: this batch, which alone gets a gradient.
        memory: earlier embeddings, of which C0 is taken; with fewer than two of them, S is C.
        shrinkage: z, from 0 (the batch alone) to below 1.
        similarity: what the model compares by; the score is the same for both.

    Raises:
        ValueError: with fewer than two rows or one dimension, where nothing can be isotropic.
    """
    count, dimension = embeddings.shape
    if count < 2 or dimension < 2:
        raise ValueError(f"the isotropy of {count} rows of {dimension} numbers")
    with torch.autocast(embeddings.device.type, enabled=False):
        covariance = _covariance(unit_variance(embeddings, similarity))
        if memory is not None and len(memory) > 1:
            held = _covariance(unit_variance(memory.detach(), similarity).to(covariance))
            covariance = (1 - shrinkage) * covariance + shrinkage * held
        squares = covariance.square().sum()
        least = torch.finfo(covariance.dtype).tiny
        ratio = covariance.trace().square() / squares.clamp_min(least)
        return 1 - (ratio - 1) / (dimension - 1)


def _covariance(rows: Float[Tensor, "n d"]) -> Float[Tensor, "d d"]:
    centred = rows - rows.mean(dim=0)
    return centred.T @ centred / (len(rows) - 1)
