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
from gonogo.models.parts.module import Head
from gonogo.objectives.build import ScoreLoss
from gonogo.training.parts.stream import ExampleStream
from gonogo.training.parts.task import TaskLoss
from gonogo.training.passes.chunked import ChunkSettings, Forward, forward_distinct
from gonogo.training.passes.token_rows import Tokenize, TokenRows
from gonogo.training.text.text_look import Look, looked


@dataclass(frozen=True, slots=True)
class RelevanceBatch:
    """Pairs of one batch.

    Args:
        rows: token row of each pair.
        labels: 1 = relevant.
        lists: which relevant pair each belongs to, ascending.
    """

    rows: Int64[np.ndarray, " b"]
    labels: Int64[np.ndarray, " b"]
    lists: Int64[np.ndarray, " b"]


class RelevanceTask:
    """Training on (query, document, label), pair by pair or list by list.

    Args:
        name: the task's name in the study.
        examples: the labelled pairs, each relevant one followed by its irrelevant ones: a list.
        tokenize: turns (query, document) pairs into token ids.
        forward: the cross-encoder, one score a pair.
        objective: a loss on scores, labels and lists.
        settings: how pairs become forward passes.
        batch_size: pairs in one batch, or lists.
        seed: the trial's seed.
        whole_lists: draw whole lists; a list's pairs then stand side by side in one batch, and one
            loss is taken over them however many passes score them.
        look: looks at the model while it learns.
        progress: shown a bar of the tokenisation.
    """

    head: Head = "scoring"

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
        whole_lists: bool = False,
        look: Look | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.name, self.settings, self._look = name, settings, look
        self._forward, self._objective = forward, objective
        self._labels = np.array([example.label for example in examples], dtype=np.int64)
        self._drawn = _drawn_together(self._labels, whole_lists)
        self._stream = ExampleStream(len(self._drawn), batch_size, seed, name)
        self.batch_size, self.examples_per_epoch = self._stream.batch_size, self._stream.count
        self._tokens = TokenRows()
        pairs = ((example.query, example.document) for example in examples)
        self._rows = self._tokens.add(pairs, tokenize, progress=progress, label=f"tokenise {name}")

    def batch(self, index: int) -> RelevanceBatch:
        """Return the pairs of a batch."""
        held = [self._drawn[number] for number in self._stream.batch(index).tolist()]
        pairs = np.concatenate(held)
        lists = np.repeat(np.arange(len(held)), [len(each) for each in held])
        return RelevanceBatch(self._rows[pairs], self._labels[pairs], lists)

    def loss(self, batch: RelevanceBatch) -> TaskLoss:
        """Score the pairs, each distinct one once, and compare with the labels."""
        output = forward_distinct(self._forward, self._tokens, batch.rows, self.settings)
        device = output.rows.device
        labels, lists = (torch.as_tensor(x, device=device) for x in (batch.labels, batch.lists))
        loss = self._objective(output.rows, labels, lists)
        loss, figures = output.emitted.added_to(loss)
        return TaskLoss(loss, self.batch_size, output.tokens, output.padded_tokens, figures)

    def validate(self) -> dict[str, float]:
        """Rank the candidates of held-out queries by their scores."""
        return looked(self._look, self.name, self.settings)

    def start_epoch(self, epoch: int) -> None:
        """Prepare nothing: the pairs are the same in every epoch."""

    def state_dict(self) -> dict[str, Any]:
        """Return the token budget: a resumed training cuts its batches where the first did."""
        return {"token_budget": self.settings.budget}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up the token budget again."""
        self.settings = replace(self.settings, budget=int(state["token_budget"]))


def _drawn_together(
    labels: Int64[np.ndarray, " n"], whole_lists: bool
) -> list[Int64[np.ndarray, " k"]]:
    """Return the pairs that are drawn as one: a list's, or each by itself."""
    pairs = np.arange(len(labels))
    starts = np.flatnonzero(labels) if whole_lists else pairs
    return np.split(pairs, starts[1:]) if len(labels) else []
