"""The task that teaches embeddings: queries, their documents and hard negatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from gonogo.core.progress import Progress
from gonogo.core.types import Side
from gonogo.data.examples.examples import RetrievalExample
from gonogo.models.parts.emitted import Emitted
from gonogo.models.parts.module import Head
from gonogo.objectives.build import EmbeddingLoss
from gonogo.training.parts.stream import ExampleStream
from gonogo.training.parts.task import TaskLoss
from gonogo.training.passes.chunked import (
    ChunkedOutput,
    ChunkSettings,
    Forward,
    forward_distinct,
    joined,
)
from gonogo.training.passes.token_rows import TokenRows
from gonogo.training.text.regularisation import Regularisation, distinct_rows
from gonogo.training.text.text_look import Look, looked

Embed = Callable[[Int64[np.ndarray, " n"]], ChunkedOutput]
"""Row numbers (n) to their embeddings."""


@dataclass(frozen=True, slots=True)
class RetrievalBatch:
    """Examples of one batch, as token row numbers and masks; b examples, at most k negatives.

    Args:
        index: the batch's number.
        queries: token row of each query (b).
        positives: token row of each positive (b).
        negatives: token rows of the negatives (b, k); filled up with the own positive's.
        negative_kept: False where a negative is filling, or is relevant after all (b, k).
        relevant: whether positive j must not stand against query i (b, b), i = j included.
        same_query: whether two queries are the same text (b, b).
        negative_relevant: whether negative k of query j answers query i (b, b, k); None where the
            objective sets no query against another's negatives.
    """

    index: int
    queries: Int64[np.ndarray, " b"]
    positives: Int64[np.ndarray, " b"]
    negatives: Int64[np.ndarray, "b k"]
    negative_kept: Bool[np.ndarray, "b k"]
    relevant: Bool[np.ndarray, "b b"]
    same_query: Bool[np.ndarray, "b b"]
    negative_relevant: Bool[np.ndarray, "b b k"] | None


class RetrievalTask:
    """Contrastive training of the bi-encoder.

    Queries, positives and negatives of a batch go through the encoder together, each distinct
    text once.

    Args:
        name: the task's name in the study.
        examples: one a judged positive pair.
        tokenize: turns texts of one side into token ids.
        forward: the bi-encoder.
        objective: a loss on query, positive and negative vectors.
        settings: how texts become forward passes.
        batch_size: queries in one batch.
        seed: the trial's seed.
        hard_negatives: whether they carry gradient (exact) or not (frozen).
        other_negatives: whether the objective sets queries against those of other queries.
        regularise: terms added to the objective, over the distinct embeddings of a batch.
        frozen: for a backbone that does not learn, makes from all token rows what embeds them
            without it.
        look: looks at the model while it learns.
        progress: shown bars of the tokenisation.
    """

    head: Head = "embedding"

    def __init__(
        self,
        name: str,
        examples: Sequence[RetrievalExample],
        *,
        tokenize: Callable[[Sequence[str], Side], list[list[int]]],
        forward: Forward,
        objective: EmbeddingLoss,
        settings: ChunkSettings,
        batch_size: int,
        seed: int,
        hard_negatives: Literal["frozen", "exact"] = "exact",
        other_negatives: bool = False,
        regularise: Regularisation | None = None,
        frozen: Callable[[TokenRows], Embed] | None = None,
        look: Look | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.name, self.settings, self._hard = name, settings, hard_negatives
        self._look, self._other_negatives = look, other_negatives
        self._forward, self._objective, self._regularise = forward, objective, regularise
        self._stream = ExampleStream(len(examples), batch_size, seed, name)
        self.batch_size, self.examples_per_epoch = self._stream.batch_size, len(examples)
        self._tokens = TokenRows()

        def rows(texts: list[str], side: Side) -> Int64[np.ndarray, " n"]:
            label = f"tokenise {name} ({side})"
            return self._tokens.add(
                texts, lambda block: tokenize(block, side), progress=progress, label=label
            )

        self._queries = rows([example.query for example in examples], "query")
        documents = [example.positive for example in examples]
        documents += [text for example in examples for text in example.negatives]
        numbers = rows(documents, "passage")
        self._positives = numbers[: len(examples)]
        self._negatives, self._kept = _negatives(examples, numbers)
        self._frozen = frozen(self._tokens) if frozen else None
        self._documents = [(example.dataset, example.positive_id) for example in examples]
        self._relevant = [(example.dataset, example.relevant_ids) for example in examples]
        self._negative_documents = [
            [(example.dataset, document) for document in example.negative_ids]
            for example in examples
        ]

    def batch(self, index: int) -> RetrievalBatch:
        """Return the rows and masks of a batch."""
        picked = self._stream.batch(index)
        queries, positives = self._queries[picked], self._positives[picked]
        negatives = self._negatives[picked]
        return RetrievalBatch(
            index=index,
            queries=queries,
            positives=positives,
            negatives=negatives,
            negative_kept=self._kept[picked],
            relevant=self._judged(picked) | (positives[:, None] == positives[None, :]),
            same_query=queries[:, None] == queries[None, :],
            negative_relevant=self._answering(picked) if self._other_negatives else None,
        )

    def _answering(self, picked: Int64[np.ndarray, " b"]) -> Bool[np.ndarray, "b b k"]:
        """Return which of the batch's negatives are judged relevant to which query, or its text."""
        places: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for row, example in enumerate(picked):
            for column, document in enumerate(self._negative_documents[example]):
                places.setdefault(document, []).append((row, column))
        positives = self._positives[picked][:, None, None]
        judged: Bool[np.ndarray, "b b k"] = positives == self._negatives[picked]
        for row, example in enumerate(picked):
            dataset, ids = self._relevant[example]
            for document in ids:
                for place in places.get((dataset, document), ()):
                    judged[row, *place] = True
        return judged

    def _judged(self, picked: Int64[np.ndarray, " b"]) -> Bool[np.ndarray, "b b"]:
        """Return which of the batch's positives are judged relevant to which query.

        A document id means the same document only within one data set.
        """
        columns: dict[tuple[str, str], list[int]] = {}
        for column, example in enumerate(picked):
            columns.setdefault(self._documents[example], []).append(column)
        judged = np.zeros((len(picked), len(picked)), dtype=bool)
        for row, example in enumerate(picked):
            dataset, ids = self._relevant[example]
            for document in ids:
                judged[row, columns.get((dataset, document), [])] = True
        return judged

    def loss(self, batch: RetrievalBatch) -> TaskLoss:
        """Embed every distinct text once, with gradient, and contrast.

        Frozen hard negatives are embedded by themselves, without gradient; their dropout is drawn
        as ever.
        """
        pairs, negatives = _pairs(batch), batch.negatives.ravel()
        numbers = np.concatenate([pairs, negatives])
        if self._hard == "exact" or not len(negatives):
            output = self._embed(numbers)
        else:
            with torch.no_grad():
                apart = self._embed(negatives)
            told = Emitted(figures=apart.emitted.figures)  # what has no gradient is no loss
            apart = replace(apart, emitted=told)
            output = joined(self._embed(pairs), apart)
        vectors, size = output.rows, len(batch.queries)
        loss = self.objective(batch, vectors)
        # Kept apart: a loss that holds the terms cannot be compared between arms.
        objective = {"objective": loss.detach()}
        figures: dict[str, Tensor] = {}
        if self._regularise is not None:
            _, first = np.unique(numbers, return_index=True)
            term, figures = self._regularise(distinct_rows(vectors, np.sort(first)), batch.index)
            loss, figures = self._regularise.objective_share * loss + term, objective | figures
        loss, own = output.emitted.added_to(loss)
        if "objective" in own:
            own |= objective
        return TaskLoss(loss, size, output.tokens, output.padded_tokens, own | figures)

    def embedded(self, batch: RetrievalBatch) -> Float[Tensor, "n d"]:
        """Return the embeddings of a batch: its queries, its positives, then all negatives."""
        return self._embed(np.concatenate([_pairs(batch), batch.negatives.ravel()])).rows

    def objective(
        self,
        batch: RetrievalBatch,
        vectors: Float[Tensor, "n d"],
        loss: EmbeddingLoss | None = None,
    ) -> Float[Tensor, ""]:
        """Return the task's objective, or another, on embeddings in the order of `embedded`."""
        device, size = vectors.device, len(batch.queries)
        return (loss or self._objective)(
            vectors[:size],
            vectors[size : 2 * size],
            vectors[2 * size :].reshape(*batch.negatives.shape, vectors.shape[1]),
            relevant=torch.as_tensor(batch.relevant, device=device),
            negative_kept=torch.as_tensor(batch.negative_kept, device=device),
            same_query=torch.as_tensor(batch.same_query, device=device),
            negative_relevant=(
                None
                if batch.negative_relevant is None
                else torch.as_tensor(batch.negative_relevant, device=device)
            ),
        )

    def _embed(self, numbers: Int64[np.ndarray, " n"]) -> ChunkedOutput:
        if self._frozen is not None:
            return self._frozen(numbers)
        return forward_distinct(self._forward, self._tokens, numbers, self.settings)

    def validate(self) -> dict[str, float]:
        """Rank the documents of held-out queries by their embeddings."""
        return looked(self._look, self.name, self.settings)

    def start_epoch(self, epoch: int) -> None:
        """Prepare nothing: the negatives are the same in every epoch."""

    def state_dict(self) -> dict[str, Any]:
        """Return the token budget, which cuts the batches, and what the terms remember."""
        remembered = self._regularise.state_dict() if self._regularise else {}
        return {"token_budget": self.settings.budget, **remembered}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self.settings = replace(self.settings, budget=int(state["token_budget"]))
        if self._regularise:
            kept = {name: value for name, value in state.items() if name != "token_budget"}
            self._regularise.load_state_dict(kept)


def _pairs(batch: RetrievalBatch) -> Int64[np.ndarray, " p"]:
    return np.concatenate([batch.queries, batch.positives])


def _negatives(
    examples: Sequence[RetrievalExample], numbers: Int64[np.ndarray, " m"]
) -> tuple[Int64[np.ndarray, "n k"], Bool[np.ndarray, "n k"]]:
    """Return the negatives' token rows and which are real, from positives' and negatives' rows."""
    count, widest = len(examples), max(len(example.negatives) for example in examples)
    rows = np.repeat(numbers[:count, None], widest, axis=1)
    kept = np.zeros((count, widest), dtype=bool)
    start = count
    for number, example in enumerate(examples):
        stop = start + len(example.negatives)
        own = slice(0, stop - start)
        rows[number, own] = numbers[start:stop]
        wanted = [document not in example.relevant_ids for document in example.negative_ids]
        kept[number, own] = np.array(wanted, dtype=bool) & (rows[number, own] != numbers[number])
        start = stop
    return rows, kept
