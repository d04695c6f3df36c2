"""What a search must not return: barred rows, windows of scores, and any further rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

Keep = Callable[[Int[ndarray, "m"], Int[ndarray, "m"]], Bool[ndarray, "m"]]
"""Asked with query rows and corpus rows; answers which pairs may be found."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search must not return.

    Scores are compared in single precision, as they are returned; both ends are inclusive.

    Attributes:
        exclude: corpus rows barred for each query, such as its own positives.
        lowest: least score; one for all queries or one a query.
        highest: greatest score; likewise.
        keep: any further rule, asked only about pairs that could be found otherwise.
    """

    exclude: Sequence[Collection[int]] | None = None
    lowest: float | Float[ndarray, "q"] = -np.inf
    highest: float | Float[ndarray, "q"] = np.inf
    keep: Keep | None = None


class PairFilter:
    """The filters of a run of queries, ready to be applied to arrays of pairs.

    Args:
        filters: of the whole search.
        first: the first query of the run.
        count: how many queries the run has.
        documents: number of rows in the corpus.
    """

    def __init__(self, filters: Filters, first: int, count: int, documents: int) -> None:
        self._first, self._documents, self._keep = first, documents, filters.keep
        self.lowest = _one_each(filters.lowest, first, count)
        self.highest = _one_each(filters.highest, first, count)
        barred = filters.exclude[first : first + count] if filters.exclude is not None else ()
        keys = [query * documents + row for query, rows in enumerate(barred) for row in rows]
        self._barred = np.unique(np.array(keys, dtype=np.int64))

    @property
    def has_ceiling(self) -> bool:
        """Tell whether any query refuses scores for being too high."""
        return bool((self.highest < np.inf).any())

    def allows(
        self, queries: Int[ndarray, "m"], rows: Int[ndarray, "m"]
    ) -> Bool[ndarray, "m"] | None:
        """Return which pairs may be found whatever their score; None if all may.

        Args:
            queries: counted from the first query of the run.
            rows: corpus rows.
        """
        allowed: Bool[ndarray, " m"] | None = None
        if self._barred.size:
            keys = queries * self._documents + rows
            places = np.minimum(np.searchsorted(self._barred, keys), self._barred.size - 1)
            allowed = self._barred[places] != keys
        if self._keep is not None:
            kept = np.asarray(self._keep(queries + self._first, rows), dtype=bool)
            allowed = kept if allowed is None else allowed & kept
        return allowed


def _one_each(
    bound: float | Float[ndarray, "q"], first: int, count: int
) -> Float[ndarray, "count"]:
    values = np.asarray(bound, dtype=np.float32)
    return np.full(count, values) if values.ndim == 0 else values[first : first + count]
