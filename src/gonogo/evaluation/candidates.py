"""BM25's best documents of each query: found once per data set, shared by all arms and seeds."""

from __future__ import annotations

import io
from importlib.metadata import version
from pathlib import Path

import numpy as np

from gonogo.core.files import cache_folder, fingerprint, write_bytes
from gonogo.core.types import Ranking
from gonogo.data import bm25
from gonogo.data.datasets import RetrievalDataset

Rows = dict[str, list[tuple[int, float]]]
"""Query id -> (corpus row, BM25 score), best first."""


def bm25_candidates(dataset: RetrievalDataset, depth: int) -> Rows:
    """Return at most ``depth`` documents a query; a query that matches nothing has none.

    A query that is a document itself never has itself among them.
    """
    path = cache_folder("candidates") / f"{_key(dataset, depth)}.npz"
    if not path.exists():
        _write(path, _search(dataset, depth))
    return dict(zip(dataset.queries, _read(path), strict=True))


def _search(dataset: RetrievalDataset, depth: int) -> list[list[tuple[int, float]]]:
    own = dataset.own_rows
    deep = depth + 1 if own else depth  # one more, where one may have to go
    found = bm25.Bm25Index(dataset.corpus).search(list(dataset.queries.values()), deep)
    return [
        [(row, score) for row, score in hits if row != own.get(query)][:depth]
        for query, hits in zip(dataset.queries, found, strict=True)
    ]


def as_ranking(candidates: Rows, dataset: RetrievalDataset) -> Ranking:
    """Replace corpus rows by document ids."""
    ids = dataset.corpus.ids
    return {
        query: [(ids[row], score) for row, score in found] for query, found in candidates.items()
    }


def _key(dataset: RetrievalDataset, depth: int) -> str:
    method = [bm25.K1, bm25.B, version("bm25s"), version("PyStemmer")]
    return fingerprint([dataset.fingerprint, depth, method])


def _write(path: Path, found: list[list[tuple[int, float]]]) -> None:
    pairs = [pair for one in found for pair in one]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        counts=np.array([len(one) for one in found], dtype=np.int64),
        rows=np.array([row for row, _ in pairs], dtype=np.int64),
        scores=np.array([score for _, score in pairs], dtype=np.float64),
    )
    write_bytes(path, buffer.getvalue())


def _read(path: Path) -> list[list[tuple[int, float]]]:
    with np.load(path, allow_pickle=False) as saved:
        ends = np.cumsum(saved["counts"]).tolist()
        pairs = list(zip(saved["rows"].tolist(), saved["scores"].tolist(), strict=True))
    return [pairs[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
