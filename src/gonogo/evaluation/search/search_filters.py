"""What a search must not return: barred rows, and scores outside a window."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search must not return.

    Scores are compared in single precision, as they are returned; both ends are inclusive.

    Attributes:
        exclude: corpus rows barred for each query, such as its own positives.
        lowest: least score; one for all queries or one a query.
        highest: greatest score; likewise.
    """

    exclude: Sequence[Collection[int]] | None = None
    lowest: float | Float[ndarray, "q"] = -np.inf
    highest: float | Float[ndarray, "q"] = np.inf


class PairFilter:
    """The filters of a run of queries, ready to be applied to arrays of pairs.

    Args:
        filters: of the whole search.
        first: the first query of the run.
        count: how many queries the run has.
        documents: number of rows in the corpus.
    """

    def __init__(self, filters: Filters, first: int, count: int, documents: int) -> None:
        self._documents = documents
        self.lowest = _one_each(filters.lowest, first, count)
        self.highest = _one_each(filters.highest, first, count)
        barred = filters.exclude[first : first + count] if filters.exclude is not None else ()
        self._barred = member_keys(barred, documents)

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
        if not self._barred.size:
            return None
        keys = queries * self._documents + rows
        places = np.minimum(np.searchsorted(self._barred, keys), self._barred.size - 1)
        allowed: Bool[ndarray, " m"] = self._barred[places] != keys
        return allowed


def member_keys(members: Sequence[Collection[int]], documents: int) -> Int[ndarray, "k"]:
    """Return ``owner * documents + row`` for every row of every owner once, ascending."""
    sizes = np.fromiter(map(len, members), dtype=np.int64, count=len(members))
    owners = np.repeat(np.arange(len(members)), sizes)
    rows = np.fromiter(chain.from_iterable(members), dtype=np.int64)
    keys: Int[ndarray, " k"] = np.unique(owners * documents + rows)
    return keys


def _one_each(
    bound: float | Float[ndarray, "q"], first: int, count: int
) -> Float[ndarray, "count"]:
    values = np.asarray(bound, dtype=np.float32)
    return np.full(count, values) if values.ndim == 0 else values[first : first + count]
