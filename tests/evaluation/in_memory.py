"""Evaluations of a data set that a test has made, without a folder to load it from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gonogo.core.workplace import Workplace
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.evaluation.protocols import Evaluated, Setting, evaluate_bm25_part, evaluate_part
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.text_data import BeirData
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.evaluation.evaluation_tasks import AnyData


@dataclass(frozen=True, kw_only=True)
class _Given(Setting):
    given: RetrievalDataset

    def dataset(self, data: AnyData) -> RetrievalDataset:
        assert data.name == self.given.name
        return self.given


def _setting(spec: EvaluationSpec, dataset: RetrievalDataset, cache: Path | None) -> _Given:
    return _Given(spec=spec, workplace=Workplace(vectors=cache), given=dataset)


def evaluate_model(
    model: RetrievalModel,
    spec: EvaluationSpec,
    dataset: RetrievalDataset,
    *,
    cache: Path | None = None,
) -> list[Evaluated]:
    """Score a model on every task."""
    setting, data = _setting(spec, dataset, cache), BeirData(folder=dataset.name)
    return [evaluate_part(model, setting, task, how, data) for task, how in spec.tasks.items()]


def evaluate_bm25(spec: EvaluationSpec, dataset: RetrievalDataset) -> list[Evaluated]:
    """Score BM25 on every task that has texts."""
    setting, data = _setting(spec, dataset, None), BeirData(folder=dataset.name)
    parts = [evaluate_bm25_part(setting, task, how, data) for task, how in spec.tasks.items()]
    return [part for part in parts if part is not None]
