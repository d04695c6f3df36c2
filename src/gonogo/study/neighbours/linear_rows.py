"""Reference rows on the vectors under a head: linear maps in its place, or no head at all."""

from __future__ import annotations

import numpy as np

from gonogo.core.errors import UserError
from gonogo.core.workplace import Workplace
from gonogo.data.vectors.held_out import hold_out
from gonogo.data.vectors.vectors import unit_length
from gonogo.evaluation.encoding.corpus_vectors import corpus_vectors
from gonogo.models.build.build import AnyModel
from gonogo.models.heads.linear_maps import fit_linear_map
from gonogo.models.heads.projection import Projection
from gonogo.models.heads.vector_model import VectorModel
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation import references as rows
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.spec.study import TrialConfig

Linear = rows.SvdRow | rows.PcaRow | rows.RandomProjectionRow | rows.TruncationRow


def linear_row(
    model: AnyModel,
    row: Linear,
    config: TrialConfig,
    workplace: Workplace,
) -> AnyModel:
    """Return the model with a linear map for its head, fitted on what the arms train on.

    Those are the anchors of the first neighbours task: held-out documents are not looked at.

    Raises:
        UserError: if no task trains on vectors, or they are narrower than the row.
    """
    headed = _headed(model)
    tasks = [task for task in config.tasks.values() if isinstance(task, NeighbourTask)]
    if not tasks:
        raise UserError(
            f"row {row.name!r} is fitted on the vectors of a neighbours task, and there is none",
            place="evaluation.references",
        )
    parts = []
    for data in tasks[0].data:
        base = corpus_vectors(data, headed, workplace).base
        parts.append(unit_length(base[hold_out(base, tasks[0].held_out).anchors]))
    dimension = row.dimension or headed.dimension
    return with_head(headed, fit_linear_map(row.kind, np.concatenate(parts), dimension))


def with_head(model: AnyModel, head: Projection | None) -> AnyModel:
    """Put a head, or none, in the place of a model's own; the model is changed."""
    headed = _headed(model)
    headed.put_head(head)
    headed.to(headed.device).eval()
    return headed


def _headed(model: AnyModel) -> RetrievalModel | VectorModel:
    if isinstance(model, QueryTower):
        raise UserError("this model has no head on vectors", place="evaluation.references")
    return model
