"""Regularisers of a task's embeddings: what is added to its objective, and what they remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, assert_never

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gonogo.core.seeds import derive_seed
from gonogo.core.types import Similarity
from gonogo.objectives.covariance import covariance_distance
from gonogo.objectives.cross_batch_memory import CrossBatchMemory
from gonogo.objectives.isoscore import isoscore_distance
from gonogo.objectives.sigreg import sigreg
from gonogo.objectives.variance import variance_distance
from gonogo.spec.task.regularisers import (
    CovarianceTerm,
    IsoscoreTerm,
    RegulariserSpec,
    Sigreg,
    VarianceTerm,
)


class Regularisation:
    """The terms of one task, over the distinct embeddings of a batch.

    Args:
        specs: the terms; those of weight 0 are left out, and so cost nothing.
        similarity: how the model compares embeddings, which says on what scale they are.
        seed: the trial's seed.
        name: the task's; random directions are a function of seed, name and batch number.
    """

    def __init__(
        self, specs: Sequence[RegulariserSpec], similarity: Similarity, seed: int, name: str
    ) -> None:
        self._specs = [spec for spec in specs if spec.factor > 0]
        self.objective_share = 1.0 - sum(spec.blend or 0.0 for spec in self._specs)
        """What the objective itself is multiplied by: terms that are blended in take from it."""
        self._similarity: Similarity = similarity
        self._seed, self._name = seed, name
        sizes = [0 if isinstance(spec, Sigreg) else spec.memory for spec in self._specs]
        self._memory = CrossBatchMemory(max(sizes, default=0))

    def __call__(
        self, embeddings: Float[Tensor, "n d"], index: int
    ) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """Return the weighted sum of the terms and each term's own value, unweighted, detached.

        Args:
            embeddings: of a batch's distinct texts.
            index: the batch's number.
        """
        total = embeddings.new_zeros(())
        figures: dict[str, Float[Tensor, ""]] = {}
        for spec in self._specs:
            value = self._term(spec, embeddings, index)
            total = total + spec.factor * value
            figures[spec.kind] = value.detach()
        self._memory.push(embeddings)
        return total, figures

    def _term(
        self, spec: RegulariserSpec, embeddings: Float[Tensor, "n d"], index: int
    ) -> Float[Tensor, ""]:
        similarity = self._similarity
        match spec:
            case Sigreg():
                seed = derive_seed(self._seed, "sigreg", self._name, index)
                value = sigreg(embeddings, seed=seed, slices=spec.slices, similarity=similarity)
                return value / len(embeddings) if spec.normalise == "count" else value
            case CovarianceTerm():
                measure = partial(covariance_distance, target_variance=spec.target_variance)
            case IsoscoreTerm():
                measure = partial(isoscore_distance, shrinkage=spec.shrinkage)
            case VarianceTerm():
                measure = partial(variance_distance, target=spec.target)
            case _:
                assert_never(spec)
        return measure(embeddings, memory=self._remembered(spec.memory), similarity=similarity)

    def _remembered(self, size: int) -> Float[Tensor, "m d"] | None:
        rows = self._memory.rows
        return rows[-size:] if size and rows is not None else None

    def state_dict(self) -> dict[str, Any]:
        """Return the embeddings that are remembered."""
        return self._memory.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Remember again what :meth:`state_dict` returned."""
        self._memory.load_state_dict(state)


def distinct_rows(
    vectors: Float[Tensor, "n d"], first: Int64[np.ndarray, " m"]
) -> Float[Tensor, "m d"]:
    """Return the vectors at the first places of distinct texts: a text that fills gaps counts once.

    Args:
        vectors: one a named text.
        first: places, ascending.
    """
    return vectors[torch.from_numpy(first).to(vectors.device)]
