"""What can still be among the best k of each query, given bounds on every score seen so far."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

_FREE = -np.inf
_EMPTY = (-1, _FREE, _FREE)  # corpus row, lower and upper bound of a free place


class Pool:
    """Candidates of some queries, each with a lower and an upper bound on its score.

    A candidate leaves when k others certainly score higher. The table has one line a query; free
    places have bounds of minus infinity.

    Args:
        queries: number of queries.
        k: documents wanted a query.
        least: score below which nothing is wanted, a query.
    """

    def __init__(self, queries: int, k: int, least: Float[ndarray, "q"]) -> None:
        self.k = k
        self.threshold = least.astype(np.float32)
        self._filled = np.zeros(queries, np.int64)
        self._allocate(queries, 4 * k)

    def _allocate(self, queries: int, width: int) -> None:
        types = (np.int64, np.float32, np.float32)
        self._tables: list[ndarray] = [
            np.full((queries, width), free, dtype)
            for free, dtype in zip(_EMPTY, types, strict=True)
        ]

    @property
    def width(self) -> int:
        """Return the places a query has, taken or free."""
        return int(self._tables[0].shape[1])

    def add(
        self,
        queries: Int[ndarray, "m"],
        rows: Int[ndarray, "m"],
        lower: Float[ndarray, "m"],
        upper: Float[ndarray, "m"],
    ) -> None:
        """Take candidates in, given in ascending order of the query.

        A ``lower`` of minus infinity marks one that may yet be refused: it displaces nobody.
        """
        counts = np.bincount(queries, minlength=len(self._filled))
        first = np.cumsum(counts) - counts
        places = np.arange(len(queries)) + (self._filled - first)[queries]
        needed = int((self._filled + counts).max(initial=0))
        if needed > self.width:
            self._widen(needed)
        flat = queries * self.width + places
        for table, values in zip(self._tables, (rows, lower, upper), strict=True):
            table.reshape(-1)[flat] = values
        self._filled += counts
        if self._filled.max(initial=0) > 2 * self.k:
            self._drop_hopeless()

    def _widen(self, needed: int) -> None:
        before, width = self._tables, self.width
        self._allocate(len(self._filled), max(needed, 2 * width))
        for table, old in zip(self._tables, before, strict=True):
            table[:, :width] = old

    def _drop_hopeless(self) -> None:
        used = int(self._filled.max())
        if used < self.k:
            return
        place = used - self.k
        _, lower, upper = self._tables
        kth = np.partition(lower[:, :used], place, axis=1)[:, place]
        np.maximum(self.threshold, kth, out=self.threshold)
        taken = np.arange(used) < self._filled[:, None]
        self._keep((upper[:, :used] >= self.threshold[:, None]) & taken)

    def _keep(self, kept: Bool[ndarray, "q used"]) -> None:
        queries, places = np.nonzero(kept)
        counts = kept.sum(axis=1)
        targets = np.arange(len(queries)) - (np.cumsum(counts) - counts)[queries]
        for table, free in zip(self._tables, _EMPTY, strict=True):
            values = table[queries, places]
            table[:, : kept.shape[1]] = free
            table[queries, targets] = values
        self._filled = counts

    def candidates(self, query: int) -> tuple[Int[ndarray, "m"], Float[ndarray, "m"]]:
        """Return a query's candidates: corpus rows, ascending, and the upper bounds."""
        rows, _, upper = (table[query, : self._filled[query]] for table in self._tables)
        order = np.argsort(rows)
        return rows[order], upper[order]

    def crowded(self) -> bool:
        """Tell whether bounds overlap so much that scoring exactly is cheaper than waiting."""
        return bool(self._filled.sum() > len(self._filled) * (8 * self.k + 1024))
