"""Looks of text tasks: how well held-out queries are answered, by the study's own kind of measure.

Documents are few (see `gonogo.data.examples.held_out`), so that a look costs a step or two; its
figures compare a model with itself at another time and with BM25 on the same documents, never with
scores over a whole corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.metrics import bm25_figure
from gonogo.core.types import Qrels, Ranking, Side, Similarity
from gonogo.data.examples.held_out import HeldOut
from gonogo.data.files.trec import ranked
from gonogo.evaluation.text.metrics import per_query
from gonogo.objectives.similarity import similarities
from gonogo.training.passes.chunked import ChunkSettings, Forward, forward_distinct
from gonogo.training.passes.token_rows import TokenRows

Look = Callable[[ChunkSettings], dict[str, float]]
"""Looks at a model, with passes as its task cuts them, and returns figures by name."""


def looked(look: Look | None, task: str, settings: ChunkSettings) -> dict[str, float]:
    """Look, if the task was given something to look with.

    Raises:
        UserError: if it was not.
    """
    if look is None:
        raise UserError(
            "no queries were held out to look with",
            place=f"tasks.{task}",
            hint="training: {validation: {every: 1}}",
        )
    return look(settings)


@dataclass(frozen=True)
class TextLook:
    """What a text task is looked at with.

    Args:
        held_out: queries and documents, by data set.
        metric: of a query's ranking, such as ``nDCG@10``.
    """

    held_out: Sequence[HeldOut]
    metric: str

    def figures(self, rank: Callable[[HeldOut], Ranking], *, pooled: bool) -> dict[str, float]:
        """Return the mean of the measure over all queries, and BM25's on the same documents.

        Args:
            rank: ranks the documents of every query of a data set.
            pooled: whether every document of the data set is ranked for each query; else the
                query's own candidates alone.
        """
        found = [value for each in self.held_out for value in self._values(rank(each), each.qrels)]
        words = [
            value
            for each in self.held_out
            for value in self._values(_by_bm25(each, pooled=pooled), each.qrels)
        ]
        return {
            self.metric: float(np.mean(found)),
            bm25_figure(self.metric): float(np.mean(words)),
        }

    def _values(self, ranking: Ranking, qrels: Qrels) -> list[float]:
        return [value for _, _, value in per_query(ranking, qrels, (self.metric,))]


def _by_bm25(held: HeldOut, *, pooled: bool) -> Ranking:
    ranking: dict[str, list[tuple[str, float]]] = {}
    for query_id, order in held.bm25.items():
        mine = set(order if pooled else held.candidates[query_id]) - {held.own.get(query_id)}
        kept = [document for document in order if document in mine]
        ranking[query_id] = [(document, -float(rank)) for rank, document in enumerate(kept)]
    return ranking


def rank_by_embedding(
    held: HeldOut,
    tokenize: Callable[[Sequence[str], Side], list[list[int]]],
    forward: Forward,
    similarity: Similarity,
    settings: ChunkSettings,
) -> Ranking:
    """Rank all documents of a held-out set for each of its queries, as a bi-encoder does."""

    def embed(texts: Sequence[str], side: Side) -> Tensor:
        tokens = TokenRows()
        numbers = tokens.add(texts, lambda block: tokenize(block, side))
        return forward_distinct(forward, tokens, numbers, settings).rows

    queries = embed(list(held.queries.values()), "query")
    documents = embed(list(held.documents.values()), "passage")
    table = similarities(queries, documents, similarity).cpu().tolist()
    ranking = {}
    for query_id, row in zip(held.queries, table, strict=True):
        scores = dict(zip(held.documents, row, strict=True))
        scores.pop(held.own.get(query_id, ""), None)
        ranking[query_id] = ranked(scores)
    return ranking


def rank_by_score(
    held: HeldOut,
    tokenize: Callable[[Sequence[tuple[str, str]]], list[list[int]]],
    forward: Forward,
    settings: ChunkSettings,
) -> Ranking:
    """Rank each held-out query's candidates, as a cross-encoder does."""
    pairs = [
        (held.queries[query_id], held.documents[document])
        for query_id, documents in held.candidates.items()
        for document in documents
    ]
    tokens = TokenRows()
    numbers = tokens.add(pairs, tokenize)
    values = forward_distinct(forward, tokens, numbers, settings).rows.cpu().tolist()
    owners = list(chain.from_iterable([key] * len(each) for key, each in held.candidates.items()))
    scores: dict[str, dict[str, float]] = {key: {} for key in held.candidates}
    documents = chain.from_iterable(held.candidates.values())
    for query_id, document, value in zip(owners, documents, values, strict=True):
        scores[query_id][document] = value
    return {query_id: ranked(each) for query_id, each in scores.items()}
