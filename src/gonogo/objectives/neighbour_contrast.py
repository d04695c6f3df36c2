"""InfoNCE with several positives: the teacher's nearest neighbours against random documents.

The supervised contrastive loss with the sum outside the logarithm (Khosla et al. 2020,
arXiv 2004.11362, equation 2), where a positive's denominator holds no other positive.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def neighbour_contrast(
    student: Float[Tensor, "b c"],
    negative_kept: Bool[Tensor, "b m"],
    *,
    temperature: float,
    positives: int = 10,
) -> Float[Tensor, ""]:
    r"""Return ``-mean_ij log(e^{s_ij/τ} / (e^{s_ij/τ} + sum_l e^{s_il/τ}))``.

    j are the first ``positives`` columns, l the negatives in force: neighbours behind the positives
    are neither.

    Args:
        student: the student's cosines, the nearest neighbours first, the last m columns negatives.
        negative_kept: false where a negative is none of this row.
        temperature: τ.
        positives: nearest neighbours that count; all if there are fewer.
    """
    neighbours = student.shape[1] - negative_kept.shape[1]
    logits = student / temperature
    own = logits[:, : min(positives, neighbours)]
    others = logits[:, neighbours:].masked_fill(~negative_kept, -torch.inf)
    total = torch.logaddexp(own, others.logsumexp(dim=1, keepdim=True))
    return (total - own).mean()
