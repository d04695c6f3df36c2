"""What the log says of a step of neighbourhood distillation."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.objectives.neighbour_distillation import candidate_entropy, candidate_overlap

_ANCHORS = 64  # looked at of each batch: enough for a log, a tenth of a step's time saved
COLLAPSED = 0.99
"""Mean cosine of anchors and random documents from which on embeddings count as one point."""


def figures(
    teacher: Float[Tensor, "b c"],
    student: Float[Tensor, "b c"],
    kept: Bool[Tensor, "b m"],
    *,
    filtered: Float[Tensor, ""],
    lengths: Float[Tensor, "u 1"],
    temperature: float,
) -> dict[str, float]:
    """Return figures by name, over the first anchors of the batch.

    Args:
        teacher: cosines of b anchors to their candidates, neighbours before negatives.
        student: likewise.
        kept: which negatives count.
        filtered: share of the negatives that were dropped by the teacher's cosine.
        lengths: of the head's outputs before they are brought to length 1.
        temperature: of the teacher's distribution, whose entropy is in nats.
    """
    with torch.no_grad():
        teacher, student, kept = (each[:_ANCHORS] for each in (teacher, student, kept))
        near = student.shape[1] - kept.shape[1]
        own, others = student[:, :near], student[:, near:]
        at_random = (others * kept).sum() / kept.sum().clamp(min=1)
        values = {
            "teacher_entropy": candidate_entropy(teacher, kept, temperature=temperature).mean(),
            "filtered_ratio": filtered,
            "overlap@10": candidate_overlap(teacher, student, kept).mean(),
            "norm_mean": lengths.mean(),
            "norm_std": lengths.std(),
            "neighbour_cosine_mean": own.mean(),
            "negative_cosine_mean": at_random,
            "cosine_std": others.std(),
            "collapsed": (at_random > COLLAPSED).float(),
        }
        read = torch.stack([value.float() for value in values.values()]).tolist()
    return dict(zip(values, read, strict=True))
