"""Training examples: judged pairs next to their negatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gonogo.core.errors import UserError
from gonogo.core.progress import Progress, Silent
from gonogo.core.seeds import generator
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.mining import mine_negatives
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.spec.task.tasks import RelevanceTask, RetrievalTask


@dataclass(frozen=True, slots=True)
class RetrievalExample:
    """A query, a document that answers it, and documents that do not.

    Attributes:
        dataset: name of the data set; ids are unique only within it.
        negative_ids: ids of ``negatives``, in the same order.
        relevant_ids: every document judged relevant to the query, ``positive_id`` among them.
    """

    dataset: str
    query_id: str
    query: str
    positive_id: str
    positive: str
    negative_ids: tuple[str, ...]
    negatives: tuple[str, ...]
    relevant_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class RelevanceExample:
    """A query, a document, and whether it answers (``label`` 1) or not (0)."""

    dataset: str
    query_id: str
    query: str
    document_id: str
    document: str
    label: int


def retrieval_examples(
    dataset: RetrievalDataset,
    task: RetrievalTask,
    seed: int,
    *,
    bm25: Bm25Index | None = None,
    progress: Progress | None = None,
) -> list[RetrievalExample]:
    """Return one example for each (query, relevant document) pair, in the order of their ids.

    Args:
        dataset: judged queries and their corpus.
        task: how many queries, and what negatives.
        seed: the trial's seed, on which the drawn negatives depend.
        bm25: an index of ``dataset.corpus``, if there is one already.
        progress: is told when negatives are short.

    Raises:
        UserError: if no query has a relevant document.
    """
    return list(_retrieval_examples(dataset, task, seed, bm25, progress))


def relevance_examples(
    dataset: RetrievalDataset,
    task: RelevanceTask,
    seed: int,
    *,
    bm25: Bm25Index | None = None,
    progress: Progress | None = None,
) -> list[RelevanceExample]:
    """Return each relevant pair, followed by its irrelevant ones; see `retrieval_examples`.

    A query with several relevant documents gets negatives for each, so that the share of
    relevant pairs is the same in every data set.
    """
    return [
        RelevanceExample(example.dataset, example.query_id, example.query, key, text, label)
        for example in _retrieval_examples(dataset, task, seed, bm25, progress)
        for key, text, label in (
            (example.positive_id, example.positive, 1),
            *((key, text, 0) for key, text in _negatives(example)),
        )
    ]


def _negatives(example: RetrievalExample) -> Iterator[tuple[str, str]]:
    return zip(example.negative_ids, example.negatives, strict=True)


def _retrieval_examples(
    dataset: RetrievalDataset,
    task: RetrievalTask | RelevanceTask,
    seed: int,
    bm25: Bm25Index | None,
    progress: Progress | None,
) -> Iterator[RetrievalExample]:
    dataset = dataset.sample_queries(task.max_queries)
    mined = mine_negatives(dataset, task.negatives, seed, bm25)
    if not mined.rows:
        raise UserError(
            f"no query of the {dataset.split} split has a relevant document", file=dataset.name
        )
    if shortage := mined.counts.shortage():
        (progress or Silent()).say(f"{dataset.name}: {shortage}")
    ids, texts = dataset.corpus.ids, dataset.corpus.texts
    row_of = {key: row for row, key in enumerate(ids)}
    relevant = {
        query_id: frozenset(key for key, grade in grades.items() if grade > 0)
        for query_id, grades in dataset.qrels.items()
    }
    wanted = _drawn_positives(mined.rows, task.positives_per_query, dataset.name)
    for (query_id, positive_id), rows in mined.rows.items():
        if wanted is not None and positive_id not in wanted[query_id]:
            continue
        yield RetrievalExample(
            dataset=dataset.name,
            query_id=query_id,
            query=dataset.queries[query_id],
            positive_id=positive_id,
            positive=texts[row_of[positive_id]],
            negative_ids=tuple(ids[row] for row in rows),
            negatives=tuple(texts[row] for row in rows),
            relevant_ids=relevant[query_id],
        )


def _drawn_positives(
    pairs: Iterable[tuple[str, str]], most: int | None, name: str
) -> dict[str, frozenset[str]] | None:
    """Return the positives that are used of each query, by a fixed stream; None keeps all."""
    if most is None:
        return None
    of: dict[str, list[str]] = {}
    for query_id, positive_id in pairs:
        of.setdefault(query_id, []).append(positive_id)
    return {
        query: frozenset(
            positives[place]
            for place in generator(0, "positives", name, query).permutation(len(positives))[:most]
        )
        for query, positives in of.items()
    }
