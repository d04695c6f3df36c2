"""The task of a query tower: the next vector of a context against the rest of the bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.progress import Progress, Silent
from gonogo.core.workplace import Workplace
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.sources.pairs_data import open_pairs_data
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.models.parts.devices import DTYPES
from gonogo.models.parts.emitted import collected
from gonogo.models.parts.module import Head
from gonogo.objectives.margin_infonce import Negatives, margin_infonce
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.spec.next_vector.next_vector_task import NextVectorTask as NextVectorSpec
from gonogo.spec.training import TrainingSpec
from gonogo.training.next_vector.known_rows import KnownRows
from gonogo.training.next_vector.mined_negatives import NegativeMiner
from gonogo.training.next_vector.next_vector_look import InForce, look_at
from gonogo.training.parts.stream import ExampleStream
from gonogo.training.parts.task import TaskLoss
from gonogo.training.parts.vector_queue import VectorQueue, kept_by_id


@dataclass(frozen=True, slots=True)
class NextVectorBatch:
    """Pairs of one batch and their mined negatives.

    Args:
        numbers: of the pairs; no shuffle changes them (b).
        targets: bank rows (b).
        mined: bank rows of the mined negatives, -1 where there is none (b, k).
    """

    numbers: Int64[np.ndarray, "b"]
    targets: Int64[np.ndarray, "b"]
    mined: Int64[np.ndarray, "b k"]


class NextVectorTask:
    """InfoNCE over the batch, a memory of targets, and mined negatives, in one denominator.

    Args:
        name: the task's name in the study.
        data: bank and pairs.
        model: the query tower.
        spec: what is minimised, over which negatives.
        epochs: that training will run; the curriculum must cover them.
        seed: the trial's seed.
        progress: told what was mined.

    Raises:
        UserError: if the bank does not fit the tower, or the curriculum ends too early.
    """

    head: Head = "embedding"

    def __init__(
        self,
        name: str,
        data: NextVectors,
        model: QueryTower,
        spec: NextVectorSpec,
        *,
        epochs: float,
        seed: int,
        progress: Progress | None = None,
    ) -> None:
        self.name, self.data, self.model, self.spec = name, data, model, spec
        model.check_width(data.bank.dimension, data.pairs.path)
        self._train = data.train
        self._stream = ExampleStream(len(self._train), spec.batch_size, seed, name)
        self.batch_size, self.examples_per_epoch = self._stream.batch_size, len(self._train)
        curriculum = parse_curriculum(spec.curriculum)
        if curriculum.epochs < epochs:
            raise UserError(
                f"the curriculum ends after {curriculum.epochs} epochs, training after {epochs:g}",
                place=f"tasks.{name}.curriculum",
                hint="let its last segment end later",
            )
        self.mined = NegativeMiner(data, model, spec, curriculum, progress or Silent())
        self._looked_at = data.sample(data.validation, spec.looked_at, "look")
        numbers = np.concatenate([self._train, self._looked_at])
        self._known = KnownRows(data, numbers, spec.duplicate_above)
        self._memory = self._new_memory()
        self._new: tuple[Tensor, Tensor] | None = None

    def _new_memory(self) -> VectorQueue | None:
        if not self.spec.memory:
            return None
        size = min(self.spec.memory, len(self._train))
        width, device = self.data.bank.dimension, self.model.device
        # Kept in the format that its products are computed in: most of a step is this product.
        dtype = DTYPES[self.model.precision]
        return VectorQueue(size, width, device=device, dtype=dtype, lookup=self._vectors)

    def _vectors(self, rows: Tensor) -> Tensor:
        return self._put(self.data.bank.take(rows.cpu().numpy()))

    def _put(self, values: Shaped[np.ndarray, "..."]) -> Tensor:
        """Hand something to the model's device; CUDA need not end what it is doing for that."""
        device = self.model.device
        return torch.from_numpy(values).to(device, non_blocking=device == "cuda")

    def batch(self, index: int) -> NextVectorBatch:
        """Return the pairs of a batch; their mined negatives are looked up by number."""
        numbers = self._train[self._stream.batch(index)]
        mined = self.mined.of(numbers)
        return NextVectorBatch(numbers, self.data.pairs.targets[numbers], mined)

    def loss(self, batch: NextVectorBatch) -> TaskLoss:
        """Contrast the batch's queries with all negatives in force."""
        self._remember()
        with self.model.autocast(), collected() as told:
            queries = self.model(
                self._put(self.data.contexts(batch.numbers)),
                self._put(self.data.present(batch.numbers)),
            )
        rows, targets = self._put(batch.targets), self._put(self.data.targets(batch.numbers))
        known = self._put(self._known.of(batch.numbers))
        pairs = queries @ targets.T
        groups = {"in_batch": Negatives(pairs, kept_by_id(rows, rows, known))}
        if self._memory is not None and len(self._memory):
            held = self._memory.stored
            apart = kept_by_id(held.ids, rows, known)
            groups["memory"] = Negatives(queries.to(held.vectors) @ held.vectors.T, apart)
        if batch.mined.shape[1]:
            groups["mined"] = self._mined(queries, batch.mined)
        result = self._contrast(pairs.diagonal(), groups, batch)
        self._new = (targets, rows)
        loss, figures = told().added_to(result.loss)
        return replace(result, loss=loss, figures={**result.figures, **figures})

    def _remember(self) -> None:
        """Push the last batch's targets: only now, for its gradient needed the memory as it was."""
        if self._memory is not None and self._new is not None:
            self._memory.push(*self._new)
        self._new = None

    def _mined(self, queries: Float[Tensor, "b d"], rows: Int64[np.ndarray, "b k"]) -> Negatives:
        cosines = torch.einsum("bd,bkd->bk", queries, self._put(self.data.bank.take(rows)))
        return Negatives(cosines, self._put(rows >= 0))

    def _contrast(
        self, positives: Float[Tensor, "b"], groups: dict[str, Negatives], batch: NextVectorBatch
    ) -> TaskLoss:
        objective = self.spec.objective
        found = margin_infonce(
            positives,
            list(groups.values()),
            temperature=objective.temperature,
            margin=objective.margin,
        )
        # What no group asked for has no figure: a 0 would be a loss, or a window that was empty.
        figures: dict[str, float | Tensor] = {
            f"{name}_loss": loss for name, loss in zip(groups, found.alone, strict=True)
        }
        if "mined" in groups:
            figures["mined_fill"] = float((batch.mined >= 0).mean())
        figures["positive_cosine"] = positives.detach().mean()
        tokens = self.data.present(batch.numbers)
        return TaskLoss(found.loss, len(positives), int(tokens.sum()), tokens.size, figures)

    def start_epoch(self, epoch: int) -> None:
        """Mine anew with the tower as it is, where the curriculum wants it."""
        self.mined.mine(epoch, self._train)

    def validate(self) -> dict[str, float]:
        """Return recalls (0 to 1) and margins (cosines) on held-out articles."""
        self._remember()
        memory = None if self._memory is None else self._memory.stored
        force = InForce(
            self.data,
            self.model,
            self._looked_at,
            self._known,
            self.batch_size,
            memory,
            self.mined,
        )
        return {**look_at(force), **self.mined.facts}

    def state_dict(self) -> dict[str, Any]:
        """Return the memory's ids and what was mined: the vectors are in the bank."""
        self._remember()
        held = {} if self._memory is None else self._memory.state_dict()
        return {
            **{f"memory_{key}": value for key, value in held.items()},
            **self.mined.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        if self._memory is not None:
            keys = [key for key in state if key.startswith("memory_")]
            self._memory.load_state_dict({key.removeprefix("memory_"): state[key] for key in keys})
        self.mined.load_state_dict(state)


def build_next_vector_task(
    name: str,
    spec: NextVectorSpec,
    training: TrainingSpec,
    seed: int,
    model: object,
    workplace: Workplace,
) -> NextVectorTask:
    """Open the pairs that a study names and bind them to the tower.

    Raises:
        UserError: for data that do not match their manifest, or a model that is no query tower.
    """
    if not isinstance(model, QueryTower):
        raise UserError("only a query tower learns next vectors", place="model.kind")
    data = open_pairs_data(spec.data, beside=workplace.beside)
    epochs, progress = training.epochs, workplace.progress
    return NextVectorTask(name, data, model, spec, epochs=epochs, seed=seed, progress=progress)
