"""How a model, or BM25 alone, is scored on a task and a data set: ranking first, values after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from gonogo.core.errors import UserError
from gonogo.core.types import Qrels, Ranking
from gonogo.core.workplace import Workplace
from gonogo.data.judged.coverage import Coverage, coverage
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.loading import load_dataset
from gonogo.data.sources.pairs_data import open_pairs_data
from gonogo.evaluation.encoding.corpus_vectors import corpus_vectors
from gonogo.evaluation.neighbours.neighbours import neighbours_kept
from gonogo.evaluation.next_vector.next_vector import QuerySource, judged_rankings, tower_queries
from gonogo.evaluation.text.candidates import as_ranking, bm25_candidates
from gonogo.evaluation.text.metrics import per_query
from gonogo.evaluation.text.reranking import rerank
from gonogo.evaluation.text.retrieval import rank_corpus
from gonogo.models.build.build import AnyModel
from gonogo.models.heads.vector_model import VectorModel
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.vector_data import PairsOfVectors
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.evaluation.evaluation_tasks import (
    AnyData,
    EvaluationTask,
    NeighbourEvaluation,
    NextVectorEvaluation,
    RerankingEvaluation,
    RetrievalEvaluation,
    judged_data,
    pairs_data,
)


@dataclass(frozen=True)
class Evaluated:
    """One task on one data set.

    Attributes:
        task: its name in ``evaluation.tasks``.
        dataset: the data set's name.
        ranking: what was retrieved, best first.
        values: (measure, query id, value) for every judged query.
        coverage: how far the ranking met its judgements.
    """

    task: str
    dataset: str
    ranking: Ranking
    values: list[tuple[str, str, float]]
    coverage: Coverage


Judged = tuple[Ranking, Qrels]
"""What was found, and what was to be found."""


@dataclass(frozen=True)
class Setting:
    """What every part of an evaluation shares.

    Attributes:
        spec: tasks and measures.
        workplace: where data are looked for, where vectors are kept, what shows bars.
    """

    spec: EvaluationSpec
    workplace: Workplace

    def dataset(self, data: AnyData) -> RetrievalDataset:
        """Load a judged data set, with no more queries than the evaluation takes."""
        dataset = load_dataset(judged_data(data), self.spec.split, beside=self.workplace.beside)
        return dataset.sample_queries(self.spec.max_queries)

    def evaluated(self, task: str, data: AnyData, judged: Judged) -> Evaluated:
        """Compute the measures of a ranking."""
        ranking, qrels = judged
        values = per_query(ranking, qrels, self.spec.metrics)
        return Evaluated(task, data.name, ranking, values, coverage(ranking, qrels))


def evaluate_part(
    model: AnyModel, setting: Setting, task: str, protocol: EvaluationTask, data: AnyData
) -> Evaluated:
    """Score a model on one task and one data set.

    Args:
        model: what the task needs (the study was checked for that).
        setting: measures, caches, bars.
        task: the task's name.
        protocol: how it is scored.
        data: on what.
    """
    judged: Judged
    match protocol:
        case RetrievalEvaluation():
            dataset = setting.dataset(data)
            judged = _rank(_text(model), dataset, protocol, setting), dataset.qrels
        case RerankingEvaluation():
            dataset = setting.dataset(data)
            candidates = bm25_candidates(dataset, protocol.depth)
            found = rerank(_text(model), dataset, candidates, progress=setting.workplace.progress)
            judged = found, dataset.qrels
        case NeighbourEvaluation():
            judged = _neighbours(_headed(model), setting, protocol, data)
        case NextVectorEvaluation():
            judged = _next_vectors(tower_queries(_tower(model)), setting, protocol, data)
        case _:
            assert_never(protocol)
    return setting.evaluated(task, data, judged)


def _rank(
    model: RetrievalModel,
    dataset: RetrievalDataset,
    protocol: RetrievalEvaluation,
    setting: Setting,
) -> Ranking:
    at = setting.workplace
    return rank_corpus(model, dataset, protocol.depth, progress=at.progress, cache=at.vectors)


def evaluate_queries_part(
    source: QuerySource, setting: Setting, task: str, protocol: EvaluationTask, data: AnyData
) -> Evaluated | None:
    """Score queries that no model makes, on a task of next vectors.

    Returns:
        None for other tasks.
    """
    if not isinstance(protocol, NextVectorEvaluation):
        return None
    return setting.evaluated(task, data, _next_vectors(source, setting, protocol, data))


def _next_vectors(
    source: QuerySource, setting: Setting, protocol: NextVectorEvaluation, data: AnyData
) -> Judged:
    return judged_rankings(
        source,
        open_pairs_data(pairs_data(data), beside=setting.workplace.beside),
        depth=protocol.depth,
        mask_context=protocol.mask_context,
        most_queries=setting.spec.max_queries,
        hubness=protocol.hubness,
    )


def _tower(model: AnyModel) -> QueryTower:
    if not isinstance(model, QueryTower):
        raise UserError("only a query tower predicts next vectors", place="model.kind")
    return model


def _neighbours(
    model: RetrievalModel | VectorModel,
    setting: Setting,
    protocol: NeighbourEvaluation,
    data: AnyData,
) -> Judged:
    if isinstance(data, PairsOfVectors):
        raise TypeError(f"{data.name!r} is no corpus")
    vectors = corpus_vectors(data, model, setting.workplace)
    return neighbours_kept(model, vectors, protocol, progress=setting.workplace.progress)


def _headed(model: AnyModel) -> RetrievalModel | VectorModel:
    if isinstance(model, QueryTower):
        raise UserError("this model has no head on vectors", place="model.kind")
    return model


def _text(model: AnyModel) -> RetrievalModel:
    if not isinstance(model, RetrievalModel):
        raise UserError("this model reads no texts", place="model.kind")
    return model


def evaluate_bm25_part(
    setting: Setting, task: str, protocol: EvaluationTask, data: AnyData
) -> Evaluated | None:
    """Score BM25 alone; for reranking that is the order in which it gives its candidates.

    Returns:
        None for tasks that have no texts.
    """
    match protocol:
        case RetrievalEvaluation() | RerankingEvaluation():
            dataset = setting.dataset(data)
            bar = setting.workplace.progress.bar(f"{dataset.name}: bm25", 1)
            try:
                found = as_ranking(bm25_candidates(dataset, protocol.depth), dataset)
            finally:
                bar.close()
            return setting.evaluated(task, data, (found, dataset.qrels))
        case NeighbourEvaluation() | NextVectorEvaluation():
            return None
        case _:
            assert_never(protocol)
