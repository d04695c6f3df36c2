"""A trial's tasks: its data loaded, mined and tokenised, bound to the model and an objective."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import assert_never

from gonogo.core.progress import Progress, Silent
from gonogo.data.bm25 import Bm25Index
from gonogo.data.datasets import RetrievalDataset
from gonogo.data.examples import relevance_examples, retrieval_examples
from gonogo.data.loading import load_dataset
from gonogo.objectives.build import build_embedding_objective, build_score_objective
from gonogo.spec import tasks as specs
from gonogo.spec.study import TrialConfig
from gonogo.training.chunked import ChunkSettings
from gonogo.training.relevance_task import RelevanceTask
from gonogo.training.retrieval_task import RetrievalTask
from gonogo.training.task import Task, TaskLoss
from gonogo.training.token_budget import choose_token_budget
from gonogo.training.trainable import TextModel

__all__ = ["Task", "TaskLoss", "build_tasks", "task_budgets"]

Sources = Sequence[tuple[RetrievalDataset, Bm25Index | None]]


def build_tasks(
    config: TrialConfig,
    seed: int,
    model: TextModel,
    *,
    beside: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Task]:
    """Return the trial's tasks by name; all texts are tokenised here, once.

    Args:
        config: the trial.
        seed: draws negatives and the order of examples.
        model: what will be trained.
        beside: the folder of the study file, where relative data folders lie.
        progress: shown bars of the tokenisation.

    Raises:
        UserError: for data that cannot be read or hold no training pairs.
    """
    progress = progress or Silent()
    budget = config.training.token_budget
    if budget == "auto":
        budget = choose_token_budget(model)
    settings = partial(_settings, model, budget, config.training.gradcache)
    load = _Loader(beside)
    tasks: dict[str, Task] = {}
    for name, spec in config.tasks.items():
        sources = load.sources(spec)
        match spec:
            case specs.RetrievalTask():
                tasks[name] = _retrieval(name, spec, sources, seed, model, settings, progress)
            case specs.RelevanceTask():
                tasks[name] = _relevance(name, spec, sources, seed, model, settings, progress)
            case _:
                assert_never(spec)
    return tasks


def _settings(model: TextModel, budget: int, replay: bool, pad_id: int) -> ChunkSettings:
    return ChunkSettings(budget, pad_id, model.device, model.autocast, replay)


class _Loader:
    """Data sets and their BM25 indexes, each made once for all tasks of the trial."""

    def __init__(self, beside: Path | None) -> None:
        self._dataset = cache(partial(load_dataset, beside=beside))
        self._index = cache(lambda data, split: Bm25Index(self._dataset(data, split).corpus))

    def sources(self, spec: specs.TaskSpec) -> Sources:
        mined = isinstance(spec.negatives, specs.Bm25Negatives)
        return [
            (self._dataset(data, spec.split), self._index(data, spec.split) if mined else None)
            for data in spec.data
        ]


def _retrieval(
    name: str,
    spec: specs.RetrievalTask,
    sources: Sources,
    seed: int,
    model: TextModel,
    settings: Callable[[int], ChunkSettings],
    progress: Progress,
) -> Task:
    encoder = model.bi_encoder
    return RetrievalTask(
        name,
        [
            example
            for dataset, bm25 in sources
            for example in retrieval_examples(dataset, spec, seed, bm25=bm25, progress=progress)
        ],
        tokenize=encoder.tokenize,
        forward=encoder,
        objective=partial(build_embedding_objective(spec.objective), similarity=encoder.similarity),
        settings=settings(encoder.pad_id),
        batch_size=spec.batch_size,
        seed=seed,
        progress=progress,
    )


def _relevance(
    name: str,
    spec: specs.RelevanceTask,
    sources: Sources,
    seed: int,
    model: TextModel,
    settings: Callable[[int], ChunkSettings],
    progress: Progress,
) -> Task:
    scorer = model.cross_encoder
    return RelevanceTask(
        name,
        [
            example
            for dataset, bm25 in sources
            for example in relevance_examples(dataset, spec, seed, bm25=bm25, progress=progress)
        ],
        tokenize=scorer.tokenize,
        forward=scorer,
        objective=build_score_objective(spec.objective),
        settings=settings(scorer.pad_id),
        batch_size=spec.batch_size,
        seed=seed,
        progress=progress,
    )


def task_budgets(config: TrialConfig, tasks: Mapping[str, Task]) -> dict[str, int]:
    """Return the optimiser steps that each task takes when it is learned alone.

    A started step is taken whole: ceil(epochs * examples / (batch * accumulation)), at most
    ``max_steps``.
    """
    training = config.training

    def steps(task: Task) -> int:
        batches = training.epochs * task.examples_per_epoch / task.batch_size
        needed = math.ceil(batches / training.accumulation - 1e-9)  # 1.1 * 100 / 10 is 11
        return min(max(needed, 1), training.max_steps or needed)

    return {name: steps(task) for name, task in tasks.items()}
