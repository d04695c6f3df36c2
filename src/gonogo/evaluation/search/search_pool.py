"""What can still be among the best k of each query, given bounds on every score seen so far."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

_FREE = -np.inf
_EMPTY = (-1, _FREE, _FREE)  # corpus row, lower and upper bound of a free place


def places_a_query(k: int) -> int:
    """Return how many candidates a query has room for at first."""
    return 6 * k


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
        self._fresh = 0  # candidates that have not raised the threshold yet
        self._allocate(queries, places_a_query(k))

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
        self._fresh += len(queries)
        if self._fresh > len(self._filled) * self.k // 4:
            self._raise_threshold()
        if self._filled.max(initial=0) > 3 * self.k:
            self._drop_hopeless()

    def _widen(self, needed: int) -> None:
        before, width = self._tables, self.width
        self._allocate(len(self._filled), max(needed, 2 * width))
        for table, old in zip(self._tables, before, strict=True):
            table[:, :width] = old

    def _raise_threshold(self) -> None:
        """Set the k-th best lower bound as the score that others must be able to reach."""
        self._fresh = 0
        used = int(self._filled.max(initial=0))
        if used >= self.k:
            place = used - self.k
            kth = np.partition(self._tables[1][:, :used], place, axis=1)[:, place]
            np.maximum(self.threshold, kth, out=self.threshold)

    def _drop_hopeless(self) -> None:
        used = int(self._filled.max())
        taken = np.arange(used) < self._filled[:, None]
        self._keep((self._tables[2][:, :used] >= self.threshold[:, None]) & taken)

    def _keep(self, kept: Bool[ndarray, "q used"]) -> None:
        queries, places = np.nonzero(kept)
        counts = kept.sum(axis=1)
        first = self.width * np.arange(len(kept)) - (np.cumsum(counts) - counts)
        sources, targets = queries * self.width + places, np.arange(len(queries)) + first[queries]
        for table, free in zip(self._tables, _EMPTY, strict=True):
            values = table.reshape(-1)[sources]
            table[:, : kept.shape[1]] = free
            table.reshape(-1)[targets] = values
        self._filled = counts

    def candidates(
        self,
    ) -> tuple[Int[ndarray, "m"], Int[ndarray, "m"], Float[ndarray, "m"]]:
        """Return queries, corpus rows and upper bounds of all that can still be among the best.

        In ascending order of the row: near rows share the reading of a page of the bank.
        """
        used = int(self._filled.max(initial=0))
        rows, _, upper = (table[:, :used] for table in self._tables)
        taken = np.arange(used) < self._filled[:, None]
        queries, places = np.nonzero((upper >= self.threshold[:, None]) & taken)
        rows, upper = rows[queries, places], upper[queries, places]
        order = np.argsort(rows)
        return queries[order], rows[order], upper[order]

    def crowded(self) -> bool:
        """Tell whether the bounds of some query overlap so much that the table grows too wide."""
        return bool(self._filled.max(initial=0) > 16 * self.k + 4096)

    def blurred(self) -> bool:
        """Tell whether the bounds are too wide for most queries, as in a collapsed bank."""
        return bool(self._filled.sum() > len(self._filled) * (8 * self.k + 1024))
