"""An approximate index over embeddings: hierarchical navigable small worlds, by usearch.

Malkov and Yashunin 2018 (arXiv 1603.09320). What it loses against exact search is a property of
the embeddings as well: near ties are what a graph search confuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from gonogo.core.extras import require
from gonogo.core.types import Similarity
from gonogo.spec.evaluation.evaluation_tasks import EvaluationTask

_METRICS: dict[Similarity, str] = {"cosine": "cos", "dot": "ip", "euclidean": "l2sq"}


def approximate_top_k(
    vectors: Float[ndarray, "n d"], asked: Int64[ndarray, "q"], k: int, similarity: Similarity
) -> tuple[Float[ndarray, "q k"], Int64[ndarray, "q k"]]:
    """Return what an index finds nearest to each asked row, itself left out.

    The index has usearch's own defaults (connectivity 16, expansion 128 when built and 64 when
    searched) and is built by one thread: with more, its graph depends on their timing.

    Raises:
        UserError: if usearch is not installed.
    """
    index = _index(vectors.shape[1], similarity)
    index.add(np.arange(len(vectors)), vectors, threads=1)
    found = index.search(vectors[asked], min(k + 1, len(vectors)), threads=1)
    keys, distances = np.atleast_2d(found.keys), np.atleast_2d(found.distances)
    scores = np.full((len(asked), k), -np.inf, np.float32)
    rows = np.full((len(asked), k), -1, np.int64)
    for place, own in enumerate(asked.tolist()):
        others = np.flatnonzero(keys[place] != own)[:k]
        rows[place, : len(others)] = keys[place, others]
        scores[place, : len(others)] = -distances[place, others]
    return scores, rows


def check_index(tasks: Iterable[EvaluationTask]) -> None:
    """Refuse, before anything trains, tasks that need an index where none is installed.

    Raises:
        UserError: if usearch is needed and not installed.
    """
    if any(task.needs_index for task in tasks):
        _require()


def _require() -> None:
    require("ann", "an approximate index", otherwise="leave out evaluated tasks against: exact")


def _index(dimension: int, similarity: Similarity) -> Any:
    _require()
    from usearch.index import Index

    return Index(ndim=dimension, metric=_METRICS[similarity], dtype="f32")
