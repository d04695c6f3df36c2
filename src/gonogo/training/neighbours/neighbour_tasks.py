"""From a study's neighbours task to the task: vectors, head, loss and filter bound together."""

from __future__ import annotations

from functools import partial
from typing import assert_never

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.types import Precision
from gonogo.core.workplace import Workplace
from gonogo.evaluation.encoding.corpus_vectors import corpus_vectors
from gonogo.models.heads.linear_maps import fit_directions
from gonogo.models.heads.projection import Projection
from gonogo.models.heads.projections import ResidualMlp
from gonogo.models.heads.residual_bf16 import RoundedResidual
from gonogo.models.heads.vector_model import VectorModel
from gonogo.models.parts.devices import autocast, resolve_precision
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.objectives.false_negatives import drop_false_negatives
from gonogo.spec.neighbours import neighbour_task as specs
from gonogo.training.neighbours.neighbour_loss import build_neighbour_loss
from gonogo.training.neighbours.neighbour_task import Filter, NeighbourTask, Student
from gonogo.training.neighbours.teacher_table import TeacherTable
from gonogo.training.parts.trainable import TrainableModel

Embedded = tuple[Float[Tensor, "u e"], Float[Tensor, "u 1"]]


def build_neighbour_task(
    name: str,
    spec: specs.NeighbourTask,
    seed: int,
    model: TrainableModel,
    workplace: Workplace,
) -> NeighbourTask:
    """Return the task; vectors and neighbours that are kept already are not computed again.

    Raises:
        UserError: for data that cannot be read or are too small, or a model that has no head on
            vectors that stay as they are.
    """
    head, student_of = _head(model, name)
    corpora = [corpus_vectors(data, student_of, workplace) for data in spec.data]
    table = TeacherTable(corpora, spec.neighbours, spec.held_out, workplace.progress)
    if head.start != "random":
        directions = fit_directions(head.start, table.unit(table.anchors), head.dimension)
        head.start_at(torch.from_numpy(directions.weights).to(model.device))
    precision = resolve_precision(spec.products, model.device)
    return NeighbourTask(
        name,
        table,
        student_of,
        student=build_student(head, table, precision, model),
        loss=build_neighbour_loss(spec.objective, table),
        drops=_filter(spec.false_negatives),
        batch_size=spec.batch_size,
        negatives=spec.negatives,
        queue_size=spec.queue_size,
        temperature=spec.objective.temperature,
        seed=seed,
        precision=precision,
    )


def _head(model: TrainableModel, name: str) -> tuple[Projection, RetrievalModel | VectorModel]:
    if not isinstance(model, RetrievalModel | VectorModel):
        raise UserError("this model has no head on vectors", place="model.kind")
    if isinstance(model, RetrievalModel) and model.frozen_encoder() is None:
        raise UserError(
            f"task {name!r} takes the backbone for its teacher, which must not change",
            place="model.adapter",
            hint="adapter: {kind: frozen}",
        )
    head = model.projection
    if head is None:
        raise UserError("there is no head to teach", place="model.projection")
    return head, model


def build_student(
    head: Projection, table: TeacherTable, products: Precision, model: TrainableModel
) -> Student:
    """Return the head on documents by number, its matrices multiplied in ``products``."""
    if products == "bf16" and model.device == "cpu" and isinstance(head, ResidualMlp):
        rounded = RoundedResidual(head, table.rounded())

        def fast(numbers: Int64[np.ndarray, " u"]) -> Embedded:
            return rounded(torch.from_numpy(numbers))

        return fast

    def student(numbers: Int64[np.ndarray, " u"]) -> Embedded:
        base = torch.from_numpy(table.base(numbers)).to(model.device)
        with autocast(model.device, products):
            embedded: Tensor = head(base)
        wide = embedded.float()
        lengths = wide.norm(dim=1, keepdim=True).clamp_min(1e-12)
        return wide / lengths, lengths.detach()

    return student


def _filter(spec: specs.FalseNegativeSpec) -> Filter:
    match spec:
        case specs.ByThreshold():
            return partial(drop_false_negatives, mode="threshold", threshold=spec.above)
        case specs.ByShare():
            return partial(drop_false_negatives, mode="top_percent", percent=spec.percent)
        case specs.KeepAll():
            return partial(drop_false_negatives, mode="none")
        case _:
            assert_never(spec)
