"""How a model, or BM25 alone, is scored on a task and a data set: ranking first, values after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from gonogo.core.progress import Progress
from gonogo.core.types import Ranking
from gonogo.data.datasets import RetrievalDataset
from gonogo.evaluation.candidates import as_ranking, bm25_candidates
from gonogo.evaluation.metrics import per_query
from gonogo.evaluation.reranking import rerank
from gonogo.evaluation.retrieval import rank_corpus
from gonogo.models.retrieval_model import RetrievalModel
from gonogo.spec.evaluation import (
    EvaluationSpec,
    EvaluationTask,
    RerankingEvaluation,
    RetrievalEvaluation,
)


@dataclass(frozen=True)
class Evaluated:
    """One task on one data set.

    Attributes:
        task: its name in ``evaluation.tasks``.
        dataset: the data set's name.
        ranking: what was retrieved, best first.
        values: (measure, query id, value) for every judged query.
    """

    task: str
    dataset: str
    ranking: Ranking
    values: list[tuple[str, str, float]]


def evaluate_model(
    model: RetrievalModel,
    spec: EvaluationSpec,
    datasets: Sequence[RetrievalDataset],
    *,
    progress: Progress,
    cache: Path | None = None,
) -> Iterator[Evaluated]:
    """Score a model on every task and data set.

    Args:
        model: offers a bi-encoder and a cross-encoder.
        spec: tasks and measures; ``datasets`` and ``max_queries`` are the caller's to apply.
        datasets: loaded data sets.
        progress: shows bars.
        cache: keeps corpus vectors, for weights that are used again (frozen or untrained).

    Yields:
        One ``Evaluated`` for each data set and task, as it is ready.
    """

    def rank(protocol: EvaluationTask, dataset: RetrievalDataset) -> Ranking:
        match protocol:
            case RetrievalEvaluation():
                return rank_corpus(model, dataset, protocol.depth, progress=progress, cache=cache)
            case RerankingEvaluation():
                candidates = bm25_candidates(dataset, protocol.depth)
                return rerank(model, dataset, candidates, progress=progress)
        assert_never(protocol)

    return _evaluate(rank, spec, datasets)


def evaluate_bm25(
    spec: EvaluationSpec, datasets: Sequence[RetrievalDataset], *, progress: Progress
) -> Iterator[Evaluated]:
    """Score BM25 alone; for reranking that is the order in which it gives its candidates.

    Yields:
        One ``Evaluated`` for each data set and task, as it is ready.
    """

    def rank(protocol: EvaluationTask, dataset: RetrievalDataset) -> Ranking:
        match protocol:
            case RetrievalEvaluation() | RerankingEvaluation():
                bar = progress.bar(f"{dataset.name}: bm25", 1)
                try:
                    return as_ranking(bm25_candidates(dataset, protocol.depth), dataset)
                finally:
                    bar.close()
        assert_never(protocol)

    return _evaluate(rank, spec, datasets)


def _evaluate(
    rank: Callable[[EvaluationTask, RetrievalDataset], Ranking],
    spec: EvaluationSpec,
    datasets: Sequence[RetrievalDataset],
) -> Iterator[Evaluated]:
    for dataset in datasets:
        for task, protocol in spec.tasks.items():
            ranking = rank(protocol, dataset)
            values = per_query(ranking, dataset.qrels, spec.metrics)
            yield Evaluated(task, dataset.name, ranking, values)
