"""The task of a student: to rank a document's neighbours as the vectors under its head do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from gonogo.core.types import Precision
from gonogo.evaluation.encoding.corpus_vectors import embed
from gonogo.evaluation.neighbours.neighbours import kept_share, nearest_others
from gonogo.models.heads.vector_model import VectorModel
from gonogo.models.parts.emitted import collected
from gonogo.models.parts.module import Head
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.objectives.false_negatives import dropped_ratio
from gonogo.training.neighbours.anchor_queue import AnchorQueue
from gonogo.training.neighbours.neighbour_figures import figures
from gonogo.training.neighbours.teacher_table import TeacherTable
from gonogo.training.parts.stream import ExampleStream
from gonogo.training.parts.task import TaskLoss
from gonogo.training.parts.vector_queue import kept_by_id

_LOOKED_AT = 10  # nearest neighbours that a look counts

Student = Callable[[Int64[np.ndarray, " u"]], tuple[Float[Tensor, "u e"], Float[Tensor, "u 1"]]]
"""From document numbers to embeddings of length 1, with their graph, and the lengths before."""


@dataclass(frozen=True, slots=True)
class NeighbourBatch:
    """Anchors and their candidates by number; b anchors, k neighbours, m negatives.

    Attributes:
        anchors: (b).
        neighbours: nearest to each anchor by the teacher, the nearest first (b, k).
        cosines: the teacher's, of anchor and neighbour (b, k).
        negatives: shared by the anchors (m).
    """

    anchors: Int64[np.ndarray, " b"]
    neighbours: Int64[np.ndarray, "b k"]
    cosines: Float[np.ndarray, "b k"]
    negatives: Int64[np.ndarray, " m"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the loss compares: b anchors, k neighbours, m negatives.

    Attributes:
        teacher: the teacher's cosines, neighbours before negatives (b, k + m).
        student: the student's, likewise, with their graph.
        kept: which negatives count for which anchor (b, m).
        embeddings: of the neighbours, at length 1 (b, k, e).
        numbers: of the neighbours (b, k).
    """

    teacher: Float[Tensor, "b c"]
    student: Float[Tensor, "b c"]
    kept: Bool[Tensor, "b m"]
    embeddings: Float[Tensor, "b k e"]
    numbers: Int64[np.ndarray, "b k"]


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Embeddings of length 1 of a batch, and the lengths that they came with."""

    anchors: Float[Tensor, "b e"]
    neighbours: Float[Tensor, "b k e"]
    negatives: Float[Tensor, "m e"]
    lengths: Float[Tensor, "u 1"]


NeighbourLoss = Callable[[Candidates], Float[Tensor, ""]]
Filter = Callable[[Float[Tensor, "b m"], Bool[Tensor, "b m"]], Bool[Tensor, "b m"]]


class NeighbourTask:
    """Distils neighbourhoods; each distinct document of a batch goes through the head once.

    Args:
        name: the task's name in the study.
        table: the teacher's vectors and neighbours; as many neighbours as are candidates.
        model: what is looked at.
        student: its head, on documents by number.
        loss: what is minimised.
        drops: which negatives are left out by the teacher's cosines.
        batch_size: anchors in one batch.
        negatives: candidates drawn from the queue.
        queue_size: documents in the queue.
        temperature: of the loss, for the teacher's entropy in the log.
        seed: the trial's seed.
        precision: number format of the head's products.
    """

    head: Head = "embedding"

    def __init__(
        self,
        name: str,
        table: TeacherTable,
        model: RetrievalModel | VectorModel,
        *,
        student: Student,
        loss: NeighbourLoss,
        drops: Filter,
        batch_size: int,
        negatives: int,
        queue_size: int,
        temperature: float,
        seed: int,
        precision: Precision = "fp32",
    ) -> None:
        self.precision = precision
        self.name, self._table, self._model = name, table, model
        self._student, self._loss, self._drops = student, loss, drops
        self._negatives, self._temperature = negatives, temperature
        self._stream = ExampleStream(len(table.anchors), batch_size, seed, name)
        self.batch_size, self.examples_per_epoch = self._stream.batch_size, self._stream.count
        self._queue = AnchorQueue(queue_size, len(table), self._stream, table.anchors, seed, name)

    def batch(self, index: int) -> NeighbourBatch:
        """Return anchors and candidates of a batch."""
        anchors = self._table.anchors[self._stream.batch(index)]
        nearest = self._table.nearest(anchors)
        return NeighbourBatch(
            anchors, nearest.rows, nearest.cosines, self._queue.sample(index, self._negatives)
        )

    def loss(self, batch: NeighbourBatch) -> TaskLoss:
        """Compare the student's cosines with the teacher's."""
        device, size = self._model.device, len(batch.anchors)
        teacher = torch.from_numpy(self._table.unit(batch.anchors)).to(device)
        negatives = torch.from_numpy(self._table.unit(batch.negatives)).to(device)
        by_teacher = teacher @ negatives.t()
        apart = kept_by_id(
            torch.from_numpy(batch.negatives).to(device),
            torch.from_numpy(batch.anchors).to(device),
            torch.from_numpy(batch.neighbours).to(device),
        )
        kept = self._drops(by_teacher, apart)
        with collected() as told:
            embedded = self._embed(batch)
        anchor, near, far = embedded.anchors, embedded.neighbours, embedded.negatives
        own = torch.from_numpy(batch.cosines).to(device)
        candidates = Candidates(
            teacher=torch.cat([own, by_teacher], dim=1),
            student=torch.cat(
                [torch.bmm(near, anchor.unsqueeze(2)).squeeze(2), anchor @ far.t()], 1
            ),
            kept=kept,
            embeddings=near,
            numbers=batch.neighbours,
        )
        loss = self._loss(candidates)
        shown = figures(
            candidates.teacher,
            candidates.student,
            kept,
            filtered=dropped_ratio(apart, kept),
            lengths=embedded.lengths,
            temperature=self._temperature,
        )
        loss, figures_of_model = told().added_to(loss)
        return TaskLoss(loss, size, 0, 0, {**shown, **figures_of_model})

    def _embed(self, batch: NeighbourBatch) -> _Embedded:
        """Run each distinct document once, and hand its embedding to every place it stands at."""
        numbers = np.concatenate([batch.anchors, batch.neighbours.ravel(), batch.negatives])
        distinct, places = np.unique(numbers, return_inverse=True)
        unit, lengths = self._student(distinct)
        # A lookup whose gradient sums in a fixed order, and in parallel (indexing's does neither).
        at = torch.from_numpy(places).to(unit.device)
        rows = torch.nn.functional.embedding(at, unit)
        size, (count, width) = len(batch.anchors), batch.neighbours.shape
        near = rows[size : size + count * width].view(count, width, -1)
        return _Embedded(rows[:size], near, rows[size + count * width :], lengths)

    def validate(self) -> dict[str, float]:
        """Return recall and nDCG of held-out documents against the teacher, mean over documents."""
        recalls, gains = [], []
        for asked, corpus, true in self._table.looked_at(_LOOKED_AT):
            vectors = embed(self._model, corpus.base)
            found = nearest_others(vectors, asked, true.shape[1], self._model.similarity)
            recall, gain = kept_share(found.rows, true)
            recalls.append(recall)
            gains.append(gain)
        return {
            f"vs_teacher_recall@{_LOOKED_AT}": float(np.concatenate(recalls).mean()),
            f"vs_teacher_ndcg@{_LOOKED_AT}": float(np.concatenate(gains).mean()),
        }

    def start_epoch(self, epoch: int) -> None:
        """Prepare nothing: order and queue follow from the batch's number."""

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the queue's content is a function of the batch's number."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up nothing."""
