"""Distillation of neighbourhoods: the student ranks candidates as the teacher does.

Relational distillation by a softmax over similarities to a queue of random vectors, as in SEED
(Fang et al. 2021, arXiv 2101.04731); here the anchor's own neighbours stand before the queue.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.objectives.selection import largest


def neighbour_distillation(
    teacher: Float[Tensor, "b c"],
    student: Float[Tensor, "b c"],
    negative_kept: Bool[Tensor, "b m"],
    *,
    temperature: float,
) -> Float[Tensor, ""]:
    r"""Return ``mean_i KL(p_i || q_i)`` in nats, over each anchor's own candidates.

    ::

        p_ij = exp(t_ij / τ) / sum_l exp(t_il / τ)        t, s: cosines of anchor i and
        q_ij = exp(s_ij / τ) / sum_l exp(s_il / τ)        candidate j; j, l in force in row i

    The first ``c - m`` columns are the anchor's neighbours and always in force: a row whose
    negatives are all masked still learns from them. Values at different τ are not comparable.

    Args:
        teacher: the teacher's cosines; no gradient flows into them.
        student: the student's cosines to the same candidates.
        negative_kept: false where one of the last m columns is no negative of this row.
        temperature: τ, the same on both sides.

    Raises:
        ValueError: if there is no column for a neighbour, or τ is not above 0.
    """
    mask = _in_force(teacher, negative_kept)
    p = _log_softmax(teacher.detach(), mask, temperature)
    q = _log_softmax(student, mask, temperature)
    # -inf minus -inf is NaN, and 0 * NaN too: columns out of force are replaced, not weighted.
    return (p.exp() * (p - q).masked_fill(~mask, 0.0)).sum(dim=1).mean()


def candidate_entropy(
    cosines: Float[Tensor, "b c"], negative_kept: Bool[Tensor, "b m"], *, temperature: float
) -> Float[Tensor, "b"]:
    """Return the entropy in nats of each row's softmax over the candidates in force.

    Near 0 one candidate takes all and the others teach nothing; near the logarithm of their
    number the teacher does not tell them apart.
    """
    mask = _in_force(cosines, negative_kept)
    p = _log_softmax(cosines.detach(), mask, temperature)
    return -(p.exp() * p.masked_fill(~mask, 0.0)).sum(dim=1)


def candidate_overlap(
    teacher: Float[Tensor, "b c"],
    student: Float[Tensor, "b c"],
    negative_kept: Bool[Tensor, "b m"],
    *,
    k: int = 10,
) -> Float[Tensor, "b"]:
    """Return the share of the teacher's k nearest candidates that are the student's too.

    Rows with fewer than k candidates in force are divided by their number; ties go to the earlier
    column. Over candidates, not over the corpus: a figure to watch, not a result.
    """
    mask = _in_force(teacher, negative_kept)
    count = mask.sum(dim=1).clamp(max=k)
    both = largest(teacher.detach(), mask, count) & largest(student.detach(), mask, count)
    return both.sum(dim=1) / count


def _in_force(
    cosines: Float[Tensor, "b c"], negative_kept: Bool[Tensor, "b m"]
) -> Bool[Tensor, "b c"]:
    neighbours = cosines.shape[1] - negative_kept.shape[1]
    if neighbours < 1:
        raise ValueError("no column for a neighbour: every candidate is a negative")
    return torch.cat([negative_kept.new_ones(len(cosines), neighbours), negative_kept], dim=1)


def _log_softmax(
    cosines: Float[Tensor, "b c"], mask: Bool[Tensor, "b c"], temperature: float
) -> Float[Tensor, "b c"]:
    if temperature <= 0:
        raise ValueError(f"a temperature of {temperature} is not above 0")
    # bf16 keeps 3 digits of a cosine, and the temperature multiplies the error by 14.
    wide = cosines.float() if cosines.itemsize < 4 else cosines
    return (wide / temperature).masked_fill(~mask, -torch.inf).log_softmax(dim=1)
