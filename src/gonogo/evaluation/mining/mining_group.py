"""The mining of some pairs at once: search, drop what is no negative, search deeper where short."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Bool, Int, Shaped
from numpy import ndarray

from gonogo.evaluation.mining.mining_left_out import Bounds, LeftOut
from gonogo.evaluation.mining.mining_rule import MiningDrops, MiningRule
from gonogo.evaluation.search.search import Filters, Found, search
from gonogo.evaluation.search.search_scores import pair_scores

_SPARE = 16  # documents searched beyond the count, in place of near-duplicates
_DEEPER = 4  # times as many, for pairs that lost more than that

Flags = Bool[ndarray, "p k"]


class PairGroup:
    """Some pairs that are mined at once; ``rows`` and ``cosines`` hold what was found for them."""

    def __init__(
        self,
        queries: Shaped[ndarray, "q d"],
        bank: Shaped[ndarray, "n d"],
        positives: Sequence[Collection[int]],
        barred: Sequence[Collection[int]] | None,
        rule: MiningRule,
    ) -> None:
        self.bank, self.rule = bank, rule
        self.queries = np.ascontiguousarray(queries, dtype=np.float32)
        self.left_out = LeftOut(self.queries, bank, positives, barred or [()] * len(queries))
        self.ceiling = rule.ceiling(self.left_out.lowest_positive())
        self.rows = np.full((len(queries), rule.count), -1, np.int64)
        self.cosines = np.full((len(queries), rule.count), -np.inf, np.float32)
        self._first, self._last = Bounds(len(queries), np.inf), Bounds(len(queries), np.inf)

    def mine(self) -> MiningDrops:
        """Fill ``rows`` and ``cosines``; return what was passed over."""
        drops, pending = MiningDrops.none(), np.arange(len(self.queries))
        wanted = self.rule.count + _SPARE
        while pending.size:
            done, passed = self._search(pending, wanted)
            drops += passed
            pending, wanted = pending[~done], _DEEPER * wanted
        return drops + self.left_out.drops(self.rule.low, self.ceiling, self._first, self._last)

    def _search(
        self, pairs: Int[ndarray, "p"], wanted: int
    ) -> tuple[Bool[ndarray, "p"], MiningDrops]:
        """Look at so many ranks of the window; return which pairs are done, and their drops."""
        first, beyond = self.rule.ranks(len(self.bank))
        depth = min(first + wanted, beyond)
        filters = Filters(self.left_out.of(pairs), self.rule.low, self.ceiling[pairs])
        whole = search(self.queries[pairs], self.bank, max(depth, 1), "cosine", filters=filters)
        found = Found(whole.scores[:, first:depth], whole.rows[:, first:depth], whole.above)
        near = self._near(pairs, found.rows)
        kept = (found.rows >= 0) & ~near
        ordinal = np.cumsum(kept, axis=1)
        filled = kept.sum(axis=1) >= self.rule.count
        done = filled | (whole.rows[:, -1] < 0) | (depth == beyond)
        self._take(pairs, found, kept & (ordinal <= self.rule.count) & done[:, None], ordinal)
        for bounds, rank in ((self._first, first), (self._last, depth)):
            if rank:
                bounds.put(pairs[done], whole.scores[done, rank - 1], whole.rows[done, rank - 1])
        self._end_at_last(pairs, found, kept & (ordinal == self.rule.count))
        near &= (ordinal < self.rule.count) & done[:, None]
        both = near & (found.scores > np.float32(self.rule.duplicate))
        above = int(found.above[done].sum() + (whole.rows[done, :first] >= 0).sum())
        return done, MiningDrops(above, 0, 0, int(near.sum()), int(both.sum()))

    def _take(
        self, pairs: Int[ndarray, "p"], found: Found, taken: Flags, ordinal: Int[ndarray, "p k"]
    ) -> None:
        which, places = np.nonzero(taken)
        slots = ordinal[which, places] - 1
        self.rows[pairs[which], slots] = found.rows[which, places]
        self.cosines[pairs[which], slots] = found.scores[which, places]

    def _end_at_last(self, pairs: Int[ndarray, "p"], found: Found, last: Flags) -> None:
        """Let the way of the pairs that are filled end at their last negative."""
        which, places = np.nonzero(last)
        self._last.put(pairs[which], found.scores[which, places], found.rows[which, places])

    def _near(self, pairs: Int[ndarray, "p"], rows: Int[ndarray, "p k"]) -> Flags:
        """Return what resembles a positive of its pair too much."""
        near = np.zeros(rows.shape, dtype=bool)
        if self.rule.duplicate >= 1:  # rounding must not put a copy above it
            return near
        lines = np.full(len(self.queries), -1)
        lines[pairs] = np.arange(len(pairs))
        owners, positives = self.left_out.positives()
        anchors = np.flatnonzero(lines[owners] >= 0)
        owners = lines[owners[anchors]]
        which, places = np.nonzero(rows[owners] >= 0)
        documents = rows[owners[which], places]
        order = np.argsort(documents)  # ascending rows of the bank are read twice as fast
        which, places, documents = which[order], places[order], documents[order]
        vectors = np.asarray(self.bank[positives[anchors]], dtype=np.float32)
        cosines = pair_scores(vectors, which, self.bank, documents, "cosine")
        above = cosines > np.float32(self.rule.duplicate)
        near[owners[which[above]], places[above]] = True
        return near
