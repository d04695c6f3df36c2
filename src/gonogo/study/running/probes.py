"""Short measurements of what a trial does: optimiser steps, encoding, reranking, saving.

Data sets beyond a sample are measured on the sample: time grows linearly with what is done. What
a sample costs as much as the whole, loading and indexing a corpus, is counted once.
Reranked documents are drawn at random from the corpus rather than found by BM25.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import fmean

from gonogo.core.errors import UserError
from gonogo.core.files import MEGABYTE, cache_folder, folder_size
from gonogo.core.progress import Silent
from gonogo.core.seeds import generator
from gonogo.core.types import Side
from gonogo.core.workplace import Workplace
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.loading import count_queries
from gonogo.data.sources.probe_texts import dataset_texts
from gonogo.evaluation.protocols import Setting, evaluate_part
from gonogo.evaluation.text.reranking import rerank
from gonogo.evaluation.text.retrieval import encode_with
from gonogo.models.build.build import AnyModel
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.evaluation.evaluation_tasks import RerankingEvaluation, RetrievalEvaluation
from gonogo.spec.study import TrialConfig
from gonogo.spec.task.tasks import TextTask
from gonogo.training.loop.checkpoints import Checkpoints
from gonogo.training.loop.optimizer import build_optimizer
from gonogo.training.loop.run import Run
from gonogo.training.loop.step import take_step
from gonogo.training.loop.tasks import build_tasks, task_budgets
from gonogo.training.parts.determinism import deterministic
from gonogo.training.parts.scaler import build_scaler
from gonogo.training.parts.schedules import Part, Step
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TextModel, TrainableModel
from gonogo.training.text.text_tasks import TextTasks

QUERIES = 500
"""Of each data set that a task is prepared for; all where there are fewer."""
TEXTS, PAIRS = 64, 32
STEPS = 2
"""Whole optimiser steps of each task, after one on a single batch that warms up."""
LONG = 5.0
"""Seconds: where a whole step would take longer, the single batch has to do."""
_RECOMPUTED = ("bm25", "vectors")
"""Parts of the cache that a preparation would find ready after the first one."""


@dataclass(frozen=True)
class TaskSpeed:
    """What one task costs."""

    preparation: float
    """Seconds to load, mine and tokenise all of its examples, as the first trial does it."""
    batch: float
    """Seconds of one batch, its share of the optimiser step included."""
    steps: int
    """Optimiser steps that the task takes alone."""


def time_task(
    config: TrialConfig, name: str, seed: int, model: TrainableModel, workplace: Workplace
) -> TaskSpeed:
    """Prepare a task on samples of its queries and take a few optimiser steps of it.

    Raises:
        UserError: if its data cannot be read, or the model reads no texts and the task needs one.
    """
    spec = config.tasks[name]
    if not isinstance(spec, TextTask):
        return _time_whole(config, name, seed, model, workplace)
    if not isinstance(model, TextModel):
        raise UserError("this model reads no texts", place="model.kind")
    counts = [count_queries(data, spec.split, beside=workplace.beside) for data in spec.data]
    whole = [min(count, spec.max_queries or count) for count in counts]
    texts = TextTasks(config.training, seed, model, workplace)

    def prepare(queries: int) -> Task:
        most = min(queries, max(whole))
        return texts.build(name, spec.model_copy(update={"max_queries": most}))

    with _fresh_cache():
        task, preparation = time_preparation(prepare, whole)
    # A pass over the whole data is so many passes over the sample.
    scale = sum(whole) / _sampled(whole, QUERIES)
    training = config.training.model_copy(update={"epochs": config.training.epochs * scale})
    config = config.model_copy(update={"training": training})
    return TaskSpeed(
        preparation=preparation,
        batch=_step_seconds(config, model, task, seed) / training.accumulation,
        steps=task_budgets(config, {name: task})[name],
    )


def time_preparation(prepare: Callable[[int], Task], whole: Sequence[int]) -> tuple[Task, float]:
    """Prepare a task on a sample; return it, and the seconds that all of its queries take.

    The first, small sample pays for the corpus: it loads, indexes and compiles. A query costs what
    the large sample took beyond a small one, both after that, so that neither the corpus nor the
    noise of loading it is multiplied.

    Args:
        prepare: makes the task on at most so many queries of each data set; what it loads and
            indexes it keeps.
        whole: queries of each data set.
    """
    if max(whole) <= QUERIES:
        started = time.perf_counter()
        return prepare(QUERIES), time.perf_counter() - started
    # No two of one size: their rankings would be found in the cache.
    sizes = (max(1, QUERIES // 20), max(2, QUERIES // 10), QUERIES)
    spent = []
    for size in sizes:
        started = time.perf_counter()
        task = prepare(size)
        spent.append(time.perf_counter() - started)
    first, small, large = (_sampled(whole, size) for size in sizes)
    query = max(0.0, spent[2] - spent[1]) / (large - small)
    return task, spent[0] + query * (sum(whole) - first)


def _sampled(whole: Sequence[int], most: int) -> int:
    return sum(min(count, most) for count in whole)


@contextmanager
def _fresh_cache() -> Iterator[None]:
    """Hide kept rankings and vectors, or a second measurement would find those of the first.

    Everything else, such as data that were fetched, is read from where it lies.
    """
    before, kept = os.environ.get("GONOGO_CACHE"), cache_folder()
    with tempfile.TemporaryDirectory() as temporary:
        for part in kept.resolve().iterdir():
            if part.name not in _RECOMPUTED:
                (Path(temporary) / part.name).symlink_to(part)
        os.environ["GONOGO_CACHE"] = temporary
        try:
            yield
        finally:
            if before is None:
                del os.environ["GONOGO_CACHE"]
            else:
                os.environ["GONOGO_CACHE"] = before


def _time_whole(
    config: TrialConfig, name: str, seed: int, model: TrainableModel, workplace: Workplace
) -> TaskSpeed:
    """Prepare a task whole, as it is kept for the trials, and take a few steps of it."""
    started = time.perf_counter()
    tasks = build_tasks(config, seed, model, workplace)
    return TaskSpeed(
        preparation=time.perf_counter() - started,
        batch=_step_seconds(config, model, tasks[name], seed) / config.training.accumulation,
        steps=task_budgets(config, tasks)[name],
    )


def _step_seconds(config: TrialConfig, model: TrainableModel, task: Task, seed: int) -> float:
    """Return the mean time of an optimiser step."""
    optimizer = build_optimizer(model, config.training)
    run = Run(model, optimizer, {task.name: task}, scaler=build_scaler(model, [task]))
    size, rate = config.training.accumulation, config.training.learning_rate

    def step(first: int, batches: int) -> float:
        part = Part(task.name, 1.0, range(first, first + batches))
        plan, clip = Step((part,), rate, rate), config.training.clip
        return take_step(run, plan, (rate, rate), seed=seed, clip=clip).seconds

    with deterministic(model.device):
        warm = step(0, 1) * size
        if warm > LONG:
            return warm
        return fmean(step(1 + number * size, size) for number in range(STEPS))


def time_evaluation(model: AnyModel, spec: EvaluationSpec, workplace: Workplace) -> float:
    """Return the seconds of scoring every task on every data set, from samples of texts."""
    setting, total = Setting(spec, workplace), 0.0
    if isinstance(model, RetrievalModel):
        encode_with(model, ["warm up"], "passage", "", Silent())
        total += _time_geometry(model, spec, workplace)
    for task, protocol, data in spec.parts:
        started = time.perf_counter()
        if not isinstance(protocol, RetrievalEvaluation | RerankingEvaluation):
            evaluate_part(model, setting, task, protocol, data)
            total += time.perf_counter() - started
            continue
        dataset = setting.dataset(data)
        total += time.perf_counter() - started
        if not isinstance(model, RetrievalModel):
            raise UserError("this model reads no texts", place="model.kind")
        if isinstance(protocol, RetrievalEvaluation):
            total += _time_retrieval(model, dataset)
        else:
            total += _time_reranking(model, dataset, protocol.depth)
    return total


def _time_retrieval(model: RetrievalModel, dataset: RetrievalDataset) -> float:
    documents = _time_texts(model, dataset.corpus.texts, "passage")
    return documents + _time_texts(model, list(dataset.queries.values()), "query")


def _time_geometry(model: RetrievalModel, spec: EvaluationSpec, workplace: Workplace) -> float:
    if spec.geometry is None:
        return 0.0
    started = time.perf_counter()
    texts = dataset_texts(spec.geometry.texts, spec.split, spec.geometry.count, workplace.beside)
    return time.perf_counter() - started + _time_texts(model, texts, "passage")


def _time_texts(model: RetrievalModel, texts: Sequence[str], side: Side) -> float:
    """Return the seconds of embedding all of some texts, from a sample of them."""
    sample = [texts[row] for row in _draw(len(texts), TEXTS)]
    seconds = _seconds(lambda: encode_with(model, sample, side, "", Silent()))
    return seconds * len(texts) / len(sample)


def _time_reranking(model: RetrievalModel, dataset: RetrievalDataset, depth: int) -> float:
    depth = min(depth, len(dataset.corpus))
    rows = _draw(len(dataset.corpus), min(depth, PAIRS))
    queries = list(dataset.queries)[: ceil(PAIRS / len(rows))]
    candidates = {query: [(row, 0.0) for row in rows] for query in queries}
    seconds = _seconds(lambda: rerank(model, dataset, candidates, progress=Silent()))
    return seconds / (len(queries) * len(rows)) * len(dataset.queries) * depth


def _draw(count: int, most: int) -> list[int]:
    chosen: list[int] = generator(0, "calibration").permutation(count)[:most].tolist()
    return chosen


@dataclass(frozen=True)
class Saving:
    """What it costs to keep weights."""

    seconds: float
    """Of writing a checkpoint."""
    final_mb: float
    """Size of the finished weights, or the best ones."""
    checkpoint_mb: float
    """Size of a checkpoint, optimiser included."""


def time_saving(model: TrainableModel, config: TrialConfig) -> Saving:
    """Write a checkpoint and a finished model, and see what they took."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run = Run(model, build_optimizer(model, config.training), {})
        checkpoints = Checkpoints(folder / "checkpoints", "calibration")
        seconds = _seconds(lambda: checkpoints.save(run.checkpoint()))
        model.save(folder / "final")
        sizes = (folder_size(folder / name) / MEGABYTE for name in ("final", "checkpoints"))
        return Saving(seconds, *sizes)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
