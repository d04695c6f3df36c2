"""The task that teaches scores: judged pairs through the cross-encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64

from gonogo.core.progress import Progress
from gonogo.data.examples.examples import RelevanceExample
from gonogo.objectives.build import ScoreLoss
from gonogo.training.parts.stream import ExampleStream
from gonogo.training.parts.task import TaskLoss
from gonogo.training.passes.chunked import ChunkSettings, Forward, forward_distinct
from gonogo.training.passes.token_rows import Tokenize, TokenRows


@dataclass(frozen=True, slots=True)
class RelevanceBatch:
    """Pairs of one batch.

    Args:
        rows: token row of each pair.
        labels: 1 = relevant.
    """

    rows: Int64[np.ndarray, " b"]
    labels: Int64[np.ndarray, " b"]


class RelevanceTask:
    """Pointwise training on (query, document, label).

    Args:
        name: the task's name in the study.
        examples: the labelled pairs.
        tokenize: turns (query, document) pairs into token ids.
        forward: the cross-encoder, one score a pair.
        objective: a loss on scores and labels.
        settings: how pairs become forward passes.
        batch_size: pairs in one batch.
        seed: the trial's seed.
        progress: shown a bar of the tokenisation.
    """

    def __init__(
        self,
        name: str,
        examples: Sequence[RelevanceExample],
        *,
        tokenize: Tokenize[tuple[str, str]],
        forward: Forward,
        objective: ScoreLoss,
        settings: ChunkSettings,
        batch_size: int,
        seed: int,
        progress: Progress | None = None,
    ) -> None:
        self.name, self.settings = name, settings
        self._forward, self._objective = forward, objective
        self._stream = ExampleStream(len(examples), batch_size, seed, name)
        self.batch_size, self.examples_per_epoch = self._stream.batch_size, len(examples)
        self._tokens = TokenRows()
        pairs = ((example.query, example.document) for example in examples)
        self._rows = self._tokens.add(pairs, tokenize, progress=progress, label=f"tokenise {name}")
        self._labels = np.array([example.label for example in examples], dtype=np.int64)

    def batch(self, index: int) -> RelevanceBatch:
        """Return the pairs of a batch."""
        picked = self._stream.batch(index)
        return RelevanceBatch(self._rows[picked], self._labels[picked])

    def loss(self, batch: RelevanceBatch) -> TaskLoss:
        """Score the pairs, each distinct one once, and compare with the labels."""
        output = forward_distinct(self._forward, self._tokens, batch.rows, self.settings)
        labels = torch.as_tensor(batch.labels, device=output.rows.device)
        loss = self._objective(output.rows, labels)
        return TaskLoss(loss, len(batch.rows), output.tokens, output.padded_tokens)

    def start_epoch(self, epoch: int) -> None:
        """Prepare nothing: the pairs are the same in every epoch."""

    def state_dict(self) -> dict[str, Any]:
        """Return the token budget: a resumed training cuts its batches where the first did."""
        return {"token_budget": self.settings.budget}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up the token budget again."""
        self.settings = replace(self.settings, budget=int(state["token_budget"]))
