"""Negatives for training: documents near a query that do not answer it.

Drawn for each (query, positive) pair from a random stream of its own, named by the two ids, so
neither the order of the queries nor a sample of them changes what a pair gets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gonogo.core.seeds import generator
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.bm25_rankings import bm25_rankings
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.spec.task.tasks import (
    Bm25Negatives,
    JudgedNegatives,
    NegativesSpec,
    NoNegatives,
    RandomNegatives,
)

Pair = tuple[str, str]
"""Query id and id of a document judged relevant to it."""


@dataclass(slots=True)
class MiningCounts:
    """Where the negatives came from, to report a shortage.

    Attributes:
        pairs: (query, positive) pairs.
        asked: negatives that the pairs asked for.
        window: taken from the window of ranks (from the corpus, for random negatives; from those
            judged, for judged ones).
        ranking: taken from other BM25 ranks because the window held too few.
        random: drawn from the whole corpus because the ranking held too few.
    """

    pairs: int = 0
    asked: int = 0
    window: int = 0
    ranking: int = 0
    random: int = 0

    @property
    def missing(self) -> int:
        """Return how many could not be had because the corpus holds too few documents."""
        return self.asked - self.window - self.ranking - self.random

    def shortage(self) -> str | None:
        """Return one line that tells a shortage, or None if the window held enough."""
        if self.window == self.asked:
            return None
        return (
            f"{self.window:,} of {self.asked:,} negatives come from where they were asked for,"
            f" {self.ranking:,} from other BM25 ranks, {self.random:,} from the whole corpus;"
            f" {self.missing:,} are missing"
        )


@dataclass(frozen=True, slots=True)
class MinedNegatives:
    """Corpus rows of each pair's negatives, distinct and in the order drawn."""

    rows: dict[Pair, tuple[int, ...]]
    counts: MiningCounts


def mine_negatives(
    dataset: RetrievalDataset, spec: NegativesSpec, seed: int, bm25: Bm25Index | None = None
) -> MinedNegatives:
    """Draw the negatives of every (query, positive) pair.

    Never drawn: documents judged relevant to the query, documents with the text of one of them,
    copies of the query itself, and the query where it is a document. Ranks are counted over the
    whole BM25 ranking, these included.

    Where the window of ranks holds too few, as in a small corpus, the rest comes from the ranks
    after it, then from those before it (nearest first: the higher the rank, the likelier an
    unjudged answer), then from the corpus at random. What was taken from where is counted.

    Args:
        dataset: queries, corpus and judgements.
        spec: how many, and from where.
        seed: the trial's seed.
        bm25: an index of ``dataset.corpus``, if there is one already; rankings that are in the
            cache folder from another arm or seed are read from there.
    """
    mined = MinedNegatives({}, MiningCounts())
    if isinstance(spec, NoNegatives):
        mined.rows.update(dict.fromkeys(positive_pairs(dataset), ()))
        mined.counts.pairs = len(mined.rows)
        return mined
    forbidden = Forbidden(dataset)
    for query_id, ranking in _rankings(dataset, spec, bm25):
        source = _Source(spec, ranking, len(dataset.corpus), forbidden.rows(query_id))
        for positive_id in _positives(dataset, query_id):
            draws = generator(seed, "negatives", dataset.name, query_id, positive_id)
            mined.rows[query_id, positive_id] = source.draw(draws, mined.counts)
    return mined


def positive_pairs(dataset: RetrievalDataset) -> Iterator[Pair]:
    """Yield every (query id, relevant document id), sorted, so that file order means nothing."""
    for query_id in sorted(dataset.queries):
        for positive_id in _positives(dataset, query_id):
            yield query_id, positive_id


def _positives(dataset: RetrievalDataset, query_id: str) -> list[str]:
    return sorted(key for key, grade in dataset.qrels[query_id].items() if grade > 0)


class Forbidden:
    """Knows the corpus rows that may not be a negative of a query."""

    def __init__(self, dataset: RetrievalDataset) -> None:
        self._dataset = dataset
        self._row = {key: row for row, key in enumerate(dataset.corpus.ids)}
        self._rows_of_text: dict[str, list[int]] = defaultdict(list)
        for row, text in enumerate(dataset.corpus.texts):
            self._rows_of_text[text].append(row)

    def rows(self, query_id: str) -> frozenset[int]:
        """Return the rows that answer a query, say the same as one that does, or are it."""
        texts = {
            self._dataset.corpus.texts[self._row[positive_id]]
            for positive_id in _positives(self._dataset, query_id)
        }
        texts.add(self._dataset.queries[query_id].strip())
        rows = {row for text in texts for row in self._rows_of_text.get(text, ())}
        if query_id in self._dataset.own_rows:
            rows.add(self._dataset.own_rows[query_id])
        return frozenset(rows)


def _rankings(
    dataset: RetrievalDataset,
    spec: Bm25Negatives | RandomNegatives | JudgedNegatives,
    bm25: Bm25Index | None,
) -> Iterator[tuple[str, list[int]]]:
    """Yield each query with its BM25 ranking, twice as deep as the window ends.

    Random negatives need none, so every row of the corpus stands outside an empty ranking; for
    judged ones the documents of grade 0 take its place.
    """
    queries = sorted(dataset.queries)
    if isinstance(spec, JudgedNegatives):
        row = {key: place for place, key in enumerate(dataset.corpus.ids)}
        for query_id in queries:
            grades = dataset.qrels[query_id]
            yield query_id, [row[key] for key in sorted(grades) if grades[key] == 0]
        return
    if isinstance(spec, RandomNegatives):
        yield from ((query_id, []) for query_id in queries)
        return
    deepest = 2 * spec.ranks[1]  # of the specification alone, so that a sample changes nothing
    rankings = bm25_rankings(dataset, deepest, bm25)
    yield from ((query_id, rankings.rows_of(query_id)) for query_id in queries)


class _Source:
    """Where the negatives of one query come from, forbidden rows taken out."""

    def __init__(
        self,
        spec: Bm25Negatives | RandomNegatives | JudgedNegatives,
        ranking: Sequence[int],
        documents: int,
        never: frozenset[int],
    ) -> None:
        self._bounds, self._documents, self._never = spec.bounds, documents, never
        self._everywhere = isinstance(spec, RandomNegatives)
        whole = (1, len(ranking))
        first, last = spec.ranks if isinstance(spec, Bm25Negatives) else whole
        outside = [*ranking[last:], *reversed(ranking[: first - 1])]
        self._window = [row for row in ranking[first - 1 : last] if row not in never]
        self._outside = [row for row in outside if row not in never]

    def draw(self, draws: np.random.Generator, counts: MiningCounts) -> tuple[int, ...]:
        """Draw the negatives of one positive, and count where they came from."""
        least, most = self._bounds
        asked = int(draws.integers(least, most + 1))
        window = [self._window[at] for at in draws.permutation(len(self._window))[:asked]]
        ranked = [*window, *self._outside[: asked - len(window)]]
        short = asked - len(ranked)
        never = self._never.union(ranked) if short else self._never
        filled = random_rows(self._documents, never, short, draws)
        counts.pairs += 1
        counts.asked += asked
        counts.window += len(filled) if self._everywhere else len(window)
        counts.ranking += len(ranked) - len(window)
        counts.random += 0 if self._everywhere else len(filled)
        return (*ranked, *filled)


def random_rows(
    documents: int, never: frozenset[int], count: int, draws: np.random.Generator
) -> list[int]:
    """Return ``count`` distinct rows outside ``never``, or as many as there are.

    Drawing ``len(never)`` more than needed is enough even if every forbidden row is drawn.
    """
    if count < 1:
        return []
    size = min(documents, count + len(never))
    drawn = draws.choice(documents, size=size, replace=False).tolist()
    return [row for row in drawn if row not in never][:count]
