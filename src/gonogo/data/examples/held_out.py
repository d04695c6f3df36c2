"""Queries kept out of training, to look at a model with while it learns.

Test queries decide; whoever chooses a budget by them has fitted it to the decision. So looks are
taken at queries of the training data that nothing learns from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gonogo.core.errors import UserError
from gonogo.core.seeds import generator
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.bm25_rankings import bm25_rankings
from gonogo.data.examples.mining import Forbidden, positive_pairs
from gonogo.data.files.trec import ranked
from gonogo.data.judged.datasets import Corpus, RetrievalDataset

SHARE = 0.2
"""At most this part of a data set's queries is kept out."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out queries of one data set, and the documents that are ranked for them.

    Attributes:
        queries: text by query id.
        qrels: grades by query id and document id; each query has a relevant document.
        documents: text of every candidate of any query, by id.
        candidates: of each query, what was judged relevant to it and then BM25's best others.
        bm25: of each query, all documents as BM25 orders them; those without a common word last.
        own: of each query that is a document itself, that document's id, which is no result.
    """

    dataset: str
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    documents: dict[str, str]
    candidates: dict[str, tuple[str, ...]]
    bm25: dict[str, tuple[str, ...]]
    own: dict[str, str]


def hold_out(
    dataset: RetrievalDataset, most: int
) -> tuple[RetrievalDataset, RetrievalDataset | None]:
    """Part a data set into what is learned from and what is looked at.

    The choice depends on the query ids alone: every arm, task and seed is looked at with the same
    queries, and no task of an arm learns from what another is looked at with. Queries that ask the
    same in other ids go with those that were drawn.

    Args:
        dataset: judged queries; the corpus stays whole on both sides.
        most: queries to draw, at most a fifth of all.

    Returns:
        The rest, and the drawn ones; None where there are too few queries to spare one.
    """
    ordered = sorted(dataset.queries)
    count = min(most, int(SHARE * len(ordered)))
    if count < 1:
        return dataset, None
    chosen = generator(0, "held_out").permutation(len(ordered))[:count]
    texts = {dataset.queries[ordered[index]] for index in chosen}
    drawn = {key for key, text in dataset.queries.items() if text in texts}
    if len(drawn) == len(ordered):
        return dataset, None
    return _part(dataset, set(ordered) - drawn), _part(dataset, drawn)


def _part(dataset: RetrievalDataset, kept: set[str]) -> RetrievalDataset:
    return replace(
        dataset,
        queries={key: text for key, text in dataset.queries.items() if key in kept},
        qrels={key: grades for key, grades in dataset.qrels.items() if key in kept},
    )


def held_out_candidates(
    dataset: RetrievalDataset, candidates: int, bm25: Bm25Index | None = None
) -> HeldOut:
    """Return held-out queries with documents to rank: relevant ones and BM25's best others.

    Args:
        dataset: what was held out.
        candidates: documents of BM25 beside the relevant ones of a query.
        bm25: an index of ``dataset.corpus``, if there is one already.

    Raises:
        UserError: if no query has a relevant document.
    """
    relevant: dict[str, list[str]] = {}
    for query_id, document_id in positive_pairs(dataset):
        relevant.setdefault(query_id, []).append(document_id)
    if not relevant:
        raise UserError("no held-out query has a relevant document", file=dataset.name)
    ids, forbidden = dataset.corpus.ids, Forbidden(dataset)
    rankings = bm25_rankings(dataset, 2 * candidates + 10, bm25)
    found: dict[str, tuple[str, ...]] = {}
    for query_id, answers in relevant.items():
        never = forbidden.rows(query_id)
        others = [ids[row] for row in rankings.rows_of(query_id) if row not in never]
        found[query_id] = (*answers, *others[:candidates])
    text_of = dict(zip(ids, dataset.corpus.texts, strict=True))
    pool = sorted({document for each in found.values() for document in each})
    queries = {key: dataset.queries[key] for key in relevant}
    own = {key: ids[row] for key, row in dataset.own_rows.items() if key in relevant}
    return HeldOut(
        dataset=dataset.name,
        queries=queries,
        qrels={key: dict(dataset.qrels[key]) for key in relevant},
        documents={key: text_of[key] for key in pool},
        candidates=found,
        bm25=_ordered(Corpus(tuple(pool), tuple(text_of[key] for key in pool)), queries),
        own=own,
    )


def _ordered(pool: Corpus, queries: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Order the whole pool for every query by BM25 over the pool."""
    hits = Bm25Index(pool).search(list(queries.values()), len(pool))
    return {
        query_id: tuple(
            document
            for document, _ in ranked(
                {**dict.fromkeys(pool.ids, 0.0), **{pool.ids[row]: score for row, score in found}}
            )
        )
        for query_id, found in zip(queries, hits, strict=True)
    }
