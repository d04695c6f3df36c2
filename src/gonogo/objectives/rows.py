"""The rows that a regulariser takes its statistics from: this batch, and what it remembers."""

from __future__ import annotations

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Similarity


def at_least_fp32(embeddings: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return half-precision embeddings in fp32, others as they are."""
    return embeddings.float() if embeddings.itemsize < 4 else embeddings


def unit_variance(embeddings: Float[Tensor, "n d"], similarity: Similarity) -> Float[Tensor, "n d"]:
    """Return at least fp32 embeddings, on the scale where N(0, I) is the isotropic ideal.

    Vectors of length 1 vary by 1/d a dimension at most; a test against N(0, I) cannot tell them
    from a collapsed model. Those of a ``cosine`` model are therefore multiplied by sqrt(d).
    """
    scale = sqrt(embeddings.shape[-1]) if similarity == "cosine" else 1.0
    return at_least_fp32(embeddings) * scale


def with_memory(
    embeddings: Float[Tensor, "n d"], memory: Float[Tensor, "m d"] | None, similarity: Similarity
) -> Float[Tensor, "rows d"]:
    """Return the batch followed by the memory, both as :func:`unit_variance` scales them.

    The memory gets no gradient. Left alone, the batch's share of it would then be n / (n + m) of
    what it is without memory, and a longer memory a weaker regulariser. Its gradient is multiplied
    by (n + m) / n: an estimate of the gradient of the statistic over all rows, whatever m is.
    """
    batch = unit_variance(embeddings, similarity)
    if memory is None or len(memory) == 0:
        return batch
    share = len(batch) / (len(batch) + len(memory))
    fixed = batch.detach()
    held = unit_variance(memory.detach(), similarity).to(batch)
    return torch.cat([fixed + (batch - fixed) / share, held])
