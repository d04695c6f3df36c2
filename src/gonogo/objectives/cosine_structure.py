"""Similarity-preserving distillation (Tung and Mori 2019, arXiv 1907.09682) among neighbours."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def cosine_structure(
    teacher: Float[Tensor, "b k k"], student: Float[Tensor, "b k k"]
) -> Float[Tensor, ""]:
    """Return the mean squared difference of cosines between each anchor's own neighbours.

    The diagonal, where both are 1, does not count; with one neighbour there is nothing to compare.
    The paper normalises the rows of the two matrices, whose entries are no cosines; these are.

    Args:
        teacher: the teacher's cosines; no gradient flows into them.
        student: the student's.
    """
    count = teacher.shape[-1]
    if count < 2:
        return student.sum() * 0.0
    apart = ~torch.eye(count, dtype=torch.bool, device=teacher.device)
    return ((student - teacher.detach()) * apart).square().sum() / (
        len(teacher) * count * (count - 1)
    )
