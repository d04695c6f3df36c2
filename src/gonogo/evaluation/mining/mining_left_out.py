"""The rows that are never a pair's negatives, and where in its ranking they would have stood.

They are left out of the search, so that a long context does not fill its list; the few pairs are
scored by themselves, to count those that the way to the last negative passes over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from gonogo.evaluation.mining.mining_rule import MiningDrops
from gonogo.evaluation.search.search_filters import member_keys
from gonogo.evaluation.search.search_scores import pair_scores


class Bounds:
    """A place in each pair's ranking: best cosine first, ties by row ascending.

    Args:
        pairs: how many.
        cosine: of every place as long as none is set; infinity is before everything.
    """

    def __init__(self, pairs: int, cosine: float) -> None:
        self._cosines = np.full(pairs, cosine, np.float32)
        self._rows = np.full(pairs, -1, np.int64)

    def put(
        self, pairs: Int[ndarray, "p"], cosines: Float[ndarray, "p"], rows: Int[ndarray, "p"]
    ) -> None:
        """Set the place of some pairs; -inf and row -1 are its end."""
        self._cosines[pairs], self._rows[pairs] = cosines, rows

    def lie_behind(
        self, pairs: Int[ndarray, "m"], cosines: Float[ndarray, "m"], rows: Int[ndarray, "m"]
    ) -> Bool[ndarray, "m"]:
        """Tell whether the place of each pair lies behind a document of that cosine and row."""
        own = self._cosines[pairs]
        behind: Bool[ndarray, " m"] = cosines > own
        behind |= (cosines == own) & (rows < self._rows[pairs])
        return behind


class LeftOut:
    """Each pair's positives, and the rows barred for it besides, with their cosines to the query.

    Args:
        queries: one vector a pair.
        bank: one vector a document.
        positives: bank rows of each pair, at least one.
        barred: likewise, any number; a positive that stands here too is a positive.
    """

    def __init__(
        self,
        queries: Float[ndarray, "q d"],
        bank: Shaped[ndarray, "n d"],
        positives: Sequence[Collection[int]],
        barred: Sequence[Collection[int]],
    ) -> None:
        self._positives, self._barred = positives, barred
        own = member_keys(positives, len(bank))
        keys = np.concatenate([own, np.setdiff1d(member_keys(barred, len(bank)), own)])
        self._count = len(own)
        self._pairs, self._rows = np.divmod(keys, len(bank))
        order = np.argsort(self._rows)  # ascending rows of the bank are read twice as fast
        self._cosines = np.empty(len(keys), np.float32)
        self._cosines[order] = pair_scores(
            queries, self._pairs[order], bank, self._rows[order], "cosine"
        )

    def of(self, pairs: Int[ndarray, "p"]) -> list[list[int]]:
        """Return the rows to leave out of the search for some pairs."""
        return [[*self._positives[pair], *self._barred[pair]] for pair in pairs.tolist()]

    def positives(self) -> tuple[Int[ndarray, "m"], Int[ndarray, "m"]]:
        """Return the pair and the row of each positive, by pair."""
        return self._pairs[: self._count], self._rows[: self._count]

    def lowest_positive(self) -> Float[ndarray, "q"]:
        """Return the cosine of each query with its farthest positive."""
        lowest = np.full(len(self._positives), np.inf, np.float32)
        np.minimum.at(lowest, self._pairs[: self._count], self._cosines[: self._count])
        return lowest

    def drops(
        self, low: float, ceiling: Float[ndarray, "q"], first: Bounds, last: Bounds
    ) -> MiningDrops:
        """Count what stood above the window, and inside it before the last negative.

        Args:
            low: least cosine.
            ceiling: largest cosine of each pair.
            first: the last rank above the window.
            last: the last negative, or the end of the window.
        """
        highest, placed = ceiling[self._pairs], (self._pairs, self._cosines, self._rows)
        asked = highest >= np.float32(low)  # nothing is looked for in an empty window
        inside = asked & (self._cosines >= np.float32(low)) & (self._cosines <= highest)
        above_rank = inside & first.lie_behind(*placed)
        passed = inside & ~above_rank & last.lie_behind(*placed)
        above = int((asked & (self._cosines > highest)).sum() + above_rank.sum())
        positives = int(passed[: self._count].sum())
        return MiningDrops(above, positives, int(passed.sum()) - positives, 0, 0)
