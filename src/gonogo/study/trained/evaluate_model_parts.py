"""One model on one set: scored once, kept in a file, and found again by what it depends on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from gonogo.core.errors import NotHereYetError, UserError
from gonogo.core.files import fingerprint, write_json
from gonogo.core.progress import Progress
from gonogo.core.records import Record, read_record
from gonogo.core.types import Ranking, Split
from gonogo.core.version import __version__
from gonogo.data.files.score_table import SCHEMA, read_scores, write_scores
from gonogo.data.files.trec import write_run
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.evaluation_sets import EvaluationSet
from gonogo.data.sources.loading import dataset_fingerprint, load_dataset
from gonogo.evaluation.encoding.embedding_model import EmbeddingModel
from gonogo.evaluation.text.candidates import as_ranking, bm25_candidates
from gonogo.evaluation.text.metrics import per_query
from gonogo.evaluation.text.retrieval import rank_corpus
from gonogo.spec.data.beir_sets import forum
from gonogo.study.folder.layout import file_name

METRICS = ("nDCG@10", "RR@10", "R@100", "AP@100")
"""What is scored by default; RR@10 is MRR@10, R@100 Recall@100, AP@100 MAP@100."""
TASK = "embed"

Status = Literal["scored", "error", "not available"]


@dataclass(frozen=True)
class Part:
    """What became of one model on one set."""

    model: str
    dataset: str
    status: Status
    note: str = ""
    """What went wrong, where something did."""
    queries: int = 0
    documents: int = 0
    seconds: float = 0.0
    """It took when it was scored; loading the model is not counted."""


@dataclass(frozen=True)
class Settings:
    """How all models are scored."""

    split: Split = "test"
    metrics: tuple[str, ...] = METRICS
    max_queries: int | None = None
    depth: int = 100
    """Documents kept a query; no measure may look deeper."""


class PartRecord(Record):
    """What is written beside the scores of a part."""

    key: str
    """Of everything that it depends on."""
    part: Part


@dataclass(frozen=True)
class PartFiles:
    """Where a part is kept."""

    folder: Path
    model: str
    dataset: str

    @property
    def scores(self) -> Path:
        """Return the score table, one row a query and measure."""
        return self.folder / file_name(self.model) / f"{file_name(self.dataset)}.parquet"

    @property
    def run(self) -> Path:
        """Return the ranking, as a TREC run."""
        return self.scores.with_suffix(".trec")

    @property
    def record(self) -> Path:
        """Return the record of what was scored; it is written last."""
        return self.scores.with_suffix(".json")

    def found(self, key: str) -> Part | None:
        """Return what is there already, if it was made from the same inputs."""
        if not (self.record.exists() and self.scores.exists()):
            return None
        record = read_record(self.record, PartRecord)
        return record.part if record.key == key else None

    def keep(self, key: str, part: Part, frame: pl.DataFrame) -> None:
        """Write a part that was scored."""
        write_scores(self.scores, frame)
        write_json(self.record, {"key": key, "part": vars(part)})

    def read(self) -> pl.DataFrame:
        """Return the score table."""
        return read_scores(self.scores)


def part_key(
    model: str, one: EvaluationSet, settings: Settings, how: Sequence[object], *, fetch: bool
) -> str:
    """Return the fingerprint of everything that a part depends on.

    Args:
        model: fingerprint of the model.
        one: the set; it is fetched if need be.
        settings: measures and queries.
        how: device, number format, prompts.
        fetch: whether data that are not here may be downloaded.

    Raises:
        NotHereYetError: if they are not here and may not be fetched.
        UserError: if they cannot be had or read.
    """
    data = [dataset_fingerprint(member, settings.split, fetch=fetch) for member in one.members]
    return fingerprint([model, data, vars(settings), list(how), __version__])


def score_part(
    model: EmbeddingModel | None,
    label: str,
    one: EvaluationSet,
    settings: Settings,
    progress: Progress,
    run: Path | None = None,
) -> tuple[Part, pl.DataFrame]:
    """Score a model on a set; None is BM25. The ranking is written to ``run``.

    The queries of CQADupStack's forums are put together, each as ``<forum>/<id>``.

    Raises:
        UserError: if the set cannot be read.
    """
    started = time.perf_counter()
    rows: list[tuple[str, None, str, str, str, str, float]] = []
    documents = 0
    whole: dict[str, Sequence[tuple[str, float]]] = {}
    for member in one.members:
        dataset = load_dataset(member, settings.split).sample_queries(settings.max_queries)
        documents += len(dataset.corpus)
        ranking = rank_set(model, dataset, settings.depth, progress)
        _tell(dataset, ranking, label, progress)
        prefix = f"{forum(member.name)}/" if len(one.members) > 1 else ""
        rows += [
            (label, None, TASK, one.name, metric, prefix + query, value)
            for metric, query, value in per_query(ranking, dataset.qrels, settings.metrics)
        ]
        whole |= {prefix + query: found for query, found in ranking.items()}
    if run is not None:
        write_run(run, whole, "gonogo")
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    seconds = time.perf_counter() - started
    queries = len(rows) // len(settings.metrics)
    return Part(label, one.name, "scored", "", queries, documents, round(seconds, 2)), frame


def _tell(dataset: RetrievalDataset, ranking: Ranking, label: str, progress: Progress) -> None:
    """Say what would make a score of this set mean something else than it seems to."""
    place = f"{label}, {dataset.name}"
    if dataset.own_unsaid:
        progress.say(
            f"warning: {place}: {dataset.own_unsaid} of {len(dataset.queries)} queries are a "
            "document under the same id, which finds itself first; `queries_are_documents` "
            "leaves it out"
        )
    empty = sum(not ranking.get(query) for query in dataset.queries)
    if empty:
        progress.say(
            f"warning: {place}: found nothing for {empty} of {len(dataset.queries)} queries: no "
            "word in common with any document"
        )


def rank_set(
    model: EmbeddingModel | None, dataset: RetrievalDataset, depth: int, progress: Progress
) -> Ranking:
    """Rank a set's corpus for every query by a model; None is BM25."""
    if model is None:
        return as_ranking(bm25_candidates(dataset, depth), dataset)
    return rank_corpus(model, dataset, depth, progress=progress)


def failure(label: str, one: EvaluationSet, error: BaseException) -> Part:
    """Return what a failing set leaves: an error, or that it may not be fetched."""
    status: Status = "not available" if isinstance(error, NotHereYetError) else "error"
    note = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return Part(label, one.name, status, note)
