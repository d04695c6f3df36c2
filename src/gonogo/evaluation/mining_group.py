"""The mining of some pairs at once: search, drop what is no negative, search deeper where short."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from gonogo.evaluation.mining_rule import MiningDrops, MiningRule
from gonogo.evaluation.search import Filters, Found, search
from gonogo.evaluation.search_scores import pair_scores

_SPARE = 16  # documents searched beyond the count, in place of those that are dropped
_DEEPER = 4  # times as many, for pairs that lost more than that

Flags = Bool[ndarray, "p k"]


class Sets:
    """A set of whole numbers from 0 on for each pair.

    Args:
        members: of each pair.
        limit: above every member.
    """

    def __init__(self, members: Sequence[Collection[int]], limit: int) -> None:
        self.sizes = np.array([len(one) for one in members], dtype=np.int64)
        self.owners = np.repeat(np.arange(len(members)), self.sizes)
        self.values = np.fromiter(chain.from_iterable(members), dtype=np.int64)
        self._limit = limit
        self._keys = np.unique(self.owners * limit + self.values)

    def hold(self, pairs: Int[ndarray, "p"], found: Int[ndarray, "p k"]) -> Flags:
        """Tell which of the numbers found for some pairs are members; negative ones never are."""
        if not self._keys.size:
            return np.zeros(found.shape, dtype=bool)
        keys = pairs[:, None] * self._limit + found
        places = np.minimum(np.searchsorted(self._keys, keys), self._keys.size - 1)
        members: Flags = (self._keys[places] == keys) & (found >= 0)
        return members


class PairGroup:
    """Some pairs that are mined at once; ``rows`` and ``cosines`` hold what was found for them."""

    def __init__(
        self,
        queries: Shaped[ndarray, "q d"],
        bank: Shaped[ndarray, "n d"],
        positives: Sequence[Collection[int]],
        barred: Sequence[Collection[int]] | None,
        texts: Int[ndarray, "n"] | None,
        rule: MiningRule,
    ) -> None:
        self.bank, self.rule, self.texts = bank, rule, texts
        self.queries = np.ascontiguousarray(queries, dtype=np.float32)
        self.positives = Sets(positives, len(bank))
        self.barred = Sets(barred or [()] * len(queries), len(bank))
        if texts is not None:
            numbers = [{int(texts[row]) for row in rows} for rows in positives]
            self.answers = Sets(numbers, int(texts.max()) + 1)
        self.ceiling = rule.ceiling(self._lowest_positive())
        self.rows = np.full((len(queries), rule.count), -1, np.int64)
        self.cosines = np.full((len(queries), rule.count), -np.inf, np.float32)

    def _lowest_positive(self) -> Float[ndarray, "q"]:
        """Return the cosine of each query with its farthest positive."""
        sets = self.positives
        cosines = pair_scores(self.queries, sets.owners, self.bank, sets.values, "cosine")
        lowest = np.full(len(self.queries), np.inf, np.float32)
        np.minimum.at(lowest, sets.owners, cosines)
        return lowest

    def mine(self) -> MiningDrops:
        """Fill ``rows`` and ``cosines``; return what was passed over."""
        drops = MiningDrops.none()
        pending, k = np.arange(len(self.queries)), self.rule.count + _SPARE
        while pending.size:
            k = min(k, len(self.bank))
            filters = Filters(lowest=self.rule.low, highest=self.ceiling[pending])
            found = search(self.queries[pending], self.bank, k, "cosine", filters=filters)
            reasons = self._reasons(pending, found.rows)
            kept = (found.rows >= 0) & ~np.logical_or.reduce(reasons)
            ordinal = np.cumsum(kept, axis=1)
            done = (ordinal[:, -1] >= self.rule.count) | (found.rows[:, -1] < 0)
            done |= k == len(self.bank)
            self._take(pending, found, kept & (ordinal <= self.rule.count) & done[:, None], ordinal)
            drops += self._count(reasons, found, (ordinal < self.rule.count) & done[:, None])
            drops += MiningDrops(int(found.above[done].sum()), 0, 0, 0, 0, 0)
            pending, k = pending[~done], _DEEPER * k
        return drops

    def _take(
        self, pending: Int[ndarray, "p"], found: Found, taken: Flags, ordinal: Int[ndarray, "p k"]
    ) -> None:
        pairs, places = np.nonzero(taken)
        slots = ordinal[pairs, places] - 1
        self.rows[pending[pairs], slots] = found.rows[pairs, places]
        self.cosines[pending[pairs], slots] = found.scores[pairs, places]

    def _reasons(self, pairs: Int[ndarray, "p"], rows: Int[ndarray, "p k"]) -> list[Flags]:
        """Return what is no negative for being a positive, an equal text, barred, near."""
        nothing = np.zeros(rows.shape, dtype=bool)
        texts = self.texts
        return [
            self.positives.hold(pairs, rows),
            nothing if texts is None else self.answers.hold(pairs, texts[rows]) & (rows >= 0),
            self.barred.hold(pairs, rows),
            self._near(pairs, rows),
        ]

    def _near(self, pairs: Int[ndarray, "p"], rows: Int[ndarray, "p k"]) -> Flags:
        """Return what resembles a positive of its pair too much."""
        near = np.zeros(rows.shape, dtype=bool)
        if self.rule.duplicate >= 1:  # rounding must not put a copy above it
            return near
        lines = np.full(len(self.queries), -1)
        lines[pairs] = np.arange(len(pairs))
        anchors = np.flatnonzero(lines[self.positives.owners] >= 0)
        owners = lines[self.positives.owners[anchors]]
        which, places = np.nonzero(rows[owners] >= 0)
        documents = rows[owners[which], places]
        order = np.argsort(documents)  # ascending rows of the bank are read twice as fast
        which, places, documents = which[order], places[order], documents[order]
        vectors = np.asarray(self.bank[self.positives.values[anchors]], dtype=np.float32)
        cosines = pair_scores(vectors, which, self.bank, documents, "cosine")
        above = cosines > np.float32(self.rule.duplicate)
        near[owners[which[above]], places[above]] = True
        return near

    def _count(self, reasons: list[Flags], found: Found, passed: Flags) -> MiningDrops:
        """Count what was passed over by its first reason."""
        counts: list[int] = []
        for reason in reasons:
            last = reason & passed
            counts.append(int(last.sum()))
            passed = passed & ~reason
        both = last & (found.scores > np.float32(self.rule.duplicate))
        positives, equal, barred, near = counts
        return MiningDrops(0, positives, equal, barred, near, int(both.sum()))
