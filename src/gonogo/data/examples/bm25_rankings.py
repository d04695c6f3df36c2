"""BM25's rankings of a data set's queries: searched once, kept on disk, shared by arms and seeds.

Depends on texts alone, so rerank candidates, mined negatives and the BM25 reference of every trial
may read the same file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from gonogo.core.files import cache_folder, fingerprint, write_bytes
from gonogo.data.examples import bm25
from gonogo.data.judged.datasets import RetrievalDataset

_BLOCK = 1024  # queries searched at once: bounds the memory of rankings held as Python lists


@dataclass(frozen=True, slots=True)
class Rankings:
    """The best documents of each query, best first; those without a common word are left out.

    Attributes:
        places: number of each query id.
        ends: where each query's part ends in the other two.
        rows: corpus rows.
        scores: BM25 scores.
    """

    places: dict[str, int]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]

    def rows_of(self, query_id: str) -> list[int]:
        """Return a query's corpus rows, best first."""
        rows: list[int] = self.rows[self._part(query_id)].tolist()
        return rows

    def of(self, query_id: str) -> list[tuple[int, float]]:
        """Return a query's (corpus row, score), best first."""
        part = self._part(query_id)
        return list(zip(self.rows[part].tolist(), self.scores[part].tolist(), strict=True))

    def _part(self, query_id: str) -> slice:
        place = self.places[query_id]
        return slice(int(self.ends[place - 1]) if place else 0, int(self.ends[place]))


def bm25_rankings(
    dataset: RetrievalDataset, depth: int, index: bm25.Bm25Index | None = None
) -> Rankings:
    """Rank the corpus for every query, from the cache folder if it was done before.

    Args:
        dataset: corpus and queries.
        depth: documents kept a query.
        index: of ``dataset.corpus``, if there is one already.
    """
    path = cache_folder("bm25") / f"{_key(dataset, depth)}.npz"
    if not path.exists():
        with FileLock(path.with_suffix(".lock")):  # trials that start together search once
            if not path.exists():
                index = index or bm25.Bm25Index(dataset.corpus)
                _write(path, index, list(dataset.queries.values()), depth)
    with np.load(path, allow_pickle=False) as saved:
        places = {query_id: place for place, query_id in enumerate(dataset.queries)}
        return Rankings(places, saved["ends"], saved["rows"], saved["scores"])


def _key(dataset: RetrievalDataset, depth: int) -> str:
    method = [bm25.K1, bm25.B, bm25.TOKENS, version("bm25s"), version("PyStemmer")]
    return fingerprint([dataset.fingerprint, depth, method])


def _write(path: Path, index: bm25.Bm25Index, queries: Sequence[str], depth: int) -> None:
    counts: list[int] = []
    parts: list[NDArray[np.float64]] = [np.empty((0, 2))]
    for start in range(0, len(queries), _BLOCK):
        for hits in index.search(queries[start : start + _BLOCK], depth):
            counts.append(len(hits))
            parts.append(np.array(hits, dtype=np.float64).reshape(-1, 2))
    rows, scores = np.concatenate(parts).T
    buffer = io.BytesIO()
    ends = np.cumsum(counts, dtype=np.int64)
    np.savez(buffer, ends=ends, rows=rows.astype(np.int64), scores=scores.astype(np.float32))
    write_bytes(path, buffer.getvalue())
