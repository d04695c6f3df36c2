"""From a distillation objective's specification to a loss on candidates."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.objectives.cosine_structure import cosine_structure
from gonogo.objectives.neighbour_contrast import neighbour_contrast
from gonogo.objectives.neighbour_distillation import neighbour_distillation
from gonogo.spec.neighbours.neighbour_task import NeighbourDistillation
from gonogo.training.neighbours.neighbour_task import Candidates, NeighbourLoss
from gonogo.training.neighbours.teacher_table import TeacherTable


def build_neighbour_loss(spec: NeighbourDistillation, table: TeacherTable) -> NeighbourLoss:
    """Return ``w KL + (1 - w) (contrast + structure)``; the latter two only where w is below 1."""
    weight = spec.distillation_weight

    def distilled(candidates: Candidates) -> Float[Tensor, ""]:
        return neighbour_distillation(
            candidates.teacher, candidates.student, candidates.kept, temperature=spec.temperature
        )

    def mixed(candidates: Candidates) -> Float[Tensor, ""]:
        near = candidates.embeddings
        count, width = candidates.numbers.shape
        vectors = torch.from_numpy(table.unit(candidates.numbers.ravel())).to(near.device)
        truth = vectors.view(count, width, -1)
        other = neighbour_contrast(
            candidates.student, candidates.kept, temperature=spec.temperature
        ) + cosine_structure(truth @ truth.mT, near @ near.mT)
        return weight * distilled(candidates) + (1.0 - weight) * other

    return distilled if weight == 1.0 else mixed
