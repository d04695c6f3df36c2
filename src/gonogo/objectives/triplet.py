"""Triplet loss with a margin (FaceNet, Schroff et al., arXiv 1503.03832, section 3.1)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.rows import at_least_fp32
from gonogo.objectives.similarity import similarities


def triplet(
    queries: Float[Tensor, "b d"],
    positives: Float[Tensor, "b d"],
    negatives: Float[Tensor, "b k d"],
    *,
    margin: float = 1.0,
    relevant: Bool[Tensor, "b b"] | None = None,
    negative_kept: Bool[Tensor, "b k"] | None = None,
    same_query: Bool[Tensor, "b b"] | None = None,
    negative_relevant: Bool[Tensor, "b b k"] | None = None,
    similarity: Similarity = "euclidean",
) -> Float[Tensor, ""]:
    """Return the mean over triplets of ``max(0, s(q, d-) - s(q, d+) + margin)``.

    With ``euclidean``, s is minus the distance (not its square, as in FaceNet).

    Args:
        queries: embeddings of the queries.
        positives: embeddings of a relevant document for each query.
        negatives: embeddings of each query's own negatives.
        margin: in units of similarity.
        relevant: unused: a query is compared with its own negatives alone.
        negative_kept: false for rows that only pad, and for negatives known to be relevant.
            Where nothing is kept the loss is 0.
        same_query: unused, like ``relevant``.
        negative_relevant: likewise.
        similarity: how the embeddings are compared.
    """
    del relevant, same_query, negative_relevant
    with torch.autocast(queries.device.type, enabled=False):
        anchors = at_least_fp32(queries).unsqueeze(1)
        own = similarities(anchors, at_least_fp32(positives).unsqueeze(1), similarity).squeeze(1)
        others = similarities(anchors, at_least_fp32(negatives), similarity).squeeze(1)
        hinge = (others - own + margin).clamp(min=0)
        kept = torch.ones_like(hinge, dtype=torch.bool) if negative_kept is None else negative_kept
        return hinge.masked_fill(~kept, 0).sum() / kept.sum().clamp(min=1)
