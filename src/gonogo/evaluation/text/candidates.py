"""BM25's best documents of each query: found once per data set, shared by all arms and seeds."""

from __future__ import annotations

from gonogo.core.types import Ranking
from gonogo.data.examples.bm25_rankings import bm25_rankings
from gonogo.data.files.trec import ranked
from gonogo.data.judged.datasets import RetrievalDataset

Rows = dict[str, list[tuple[int, float]]]
"""Query id -> (corpus row, BM25 score), best first."""


def bm25_candidates(dataset: RetrievalDataset, depth: int) -> Rows:
    """Return at most ``depth`` documents a query; a query that matches nothing has none.

    A query that is a document itself never has itself among them.
    """
    own = dataset.own_rows
    deep = depth + 1 if own else depth  # one more, where one may have to go
    rankings = bm25_rankings(dataset, deep)
    return {
        query: [(row, score) for row, score in rankings.of(query) if row != own.get(query)][:depth]
        for query in dataset.queries
    }


def as_ranking(candidates: Rows, dataset: RetrievalDataset) -> Ranking:
    """Replace corpus rows by document ids; equal scores are put in trec_eval's order."""
    ids = dataset.corpus.ids
    return {
        query: ranked({ids[row]: score for row, score in found})
        for query, found in candidates.items()
    }
