"""A look at a query tower on held-out articles: recall, and the margin over negatives in force."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.next_vector.next_vector import (
    encode_contexts,
    find_next,
    recalls,
    target_ranks,
)
from gonogo.evaluation.search.search import Found
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.training.next_vector.known_rows import KnownRows
from gonogo.training.next_vector.margin import MarginMeter
from gonogo.training.next_vector.mined_negatives import NegativeMiner
from gonogo.training.parts.vector_queue import Stored, kept_by_id

CUTOFFS = (10, 100, 500, 1000)
_NEAREST = 16  # bank rows of the diagnostic margin


@dataclass(frozen=True, slots=True)
class InForce:
    """A tower, held-out pairs, and the negatives that its training has in force.

    Args:
        data: bank and pairs.
        model: what is looked at.
        numbers: of the pairs looked at, the same in every look.
        known: tells which bank rows are none of their negatives.
        batch_size: of the training; as many targets are one another's negatives.
        memory: remembered targets and their bank rows.
        mined: mines for the pairs looked at as it does for the training pairs.
    """

    data: NextVectors
    model: QueryTower
    numbers: Int64[np.ndarray, "n"]
    known: KnownRows
    batch_size: int
    memory: Stored | None
    mined: NegativeMiner


def look_at(task: InForce) -> dict[str, float]:
    """Return figures by name: ``R@k`` between 0 and 1, margins as differences of cosines.

    ``margin`` is over the negatives that the loss has in force (other targets of the batch, the
    memory, what is mined), ``margin_in_batch`` and ``margin_mined`` over a part of them, and
    ``margin_top16`` over the nearest 16 rows of the bank: a diagnostic, below 0 unless the target
    ranks near the top.
    """
    data, numbers = task.data, task.numbers
    queries = encode_contexts(task.model, data, numbers)
    rank = target_ranks(queries, data, numbers)
    nearest = find_next(queries, data, numbers, _NEAREST + 1)
    margins = _Margins(task, torch.from_numpy(queries))
    return {
        **recalls(rank, CUTOFFS),
        **margins.figures(),
        "margin_top16": _nearest(margins.positives, nearest, data.pairs.targets[numbers]),
    }


def _nearest(positives: Float[Tensor, "n"], found: Found, targets: Int64[np.ndarray, "n"]) -> float:
    wanted = torch.from_numpy((found.rows != targets[:, None]) & (found.rows >= 0))
    wanted &= wanted.cumsum(dim=1) <= _NEAREST
    meter = MarginMeter()
    meter.add(positives, torch.from_numpy(found.scores), wanted)
    result = meter.result()
    return float("nan") if result is None else result.value


class _Margins:
    """Positives and negatives in force of the pairs that are looked at."""

    def __init__(self, task: InForce, queries: Float[Tensor, "n d"]) -> None:
        self.task, self.queries = task, queries
        self.rows = torch.from_numpy(task.data.pairs.targets[task.numbers])
        self.targets = torch.from_numpy(task.data.targets(task.numbers))
        self.positives = (queries * self.targets).sum(dim=1)

    def figures(self) -> dict[str, float]:
        everything, in_batch, mined = MarginMeter(), MarginMeter(), MarginMeter()
        size = self.task.batch_size
        for start in range(0, len(self.rows), size):
            part = slice(start, start + size)
            cosines = self.queries[part] @ self.targets[part].T
            known = torch.from_numpy(self.task.known.of(self.task.numbers[part]))
            apart = kept_by_id(self.rows[part], self.rows[part], known)
            for meter in (everything, in_batch):
                meter.add(self.positives[part], cosines, apart)
            self._add_memory(everything, part, known)
        self._add_mined(everything, mined)
        results = {"margin": everything, "margin_in_batch": in_batch, "margin_mined": mined}
        found = {name: meter.result() for name, meter in results.items()}
        figures = {name: result.value for name, result in found.items() if result is not None}
        whole = found["margin"]
        if whole is not None:
            figures |= {"positive_cosine": whole.positive, "violations": whole.violations}
        return figures

    def _add_memory(self, meter: MarginMeter, part: slice, known: Int64[Tensor, "b k"]) -> None:
        held = self.task.memory
        if held is None or not len(held.ids):
            return
        apart = kept_by_id(held.ids.cpu(), self.rows[part], known)
        vectors = held.vectors.cpu()
        cosines = (self.queries[part].to(vectors) @ vectors.T).float()
        meter.add(self.positives[part], cosines, apart)

    def _add_mined(self, everything: MarginMeter, alone: MarginMeter) -> None:
        mined = self.task.mined.of_queries(self.queries.numpy(), self.task.numbers)
        if mined is None:
            return
        cosines = torch.from_numpy(np.where(mined.mask, mined.cosines, 0.0).astype(np.float32))
        for meter in (everything, alone):
            meter.add(self.positives, cosines, torch.from_numpy(mined.mask))
