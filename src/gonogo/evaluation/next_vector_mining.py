"""Mined negatives of a query tower: the bank rows in a window of cosines, or of quantiles."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from gonogo.data.next_vectors import NextVectors
from gonogo.evaluation.mining import Mined, MiningDrops, MiningRule, mine
from gonogo.evaluation.search import Filters, search
from gonogo.spec.curriculum import CosineWindow

_SPARE = 16  # rows looked at beyond the count, in place of near-duplicates


def mine_next(
    queries: Float[ndarray, "n d"],
    data: NextVectors,
    numbers: Int[ndarray, "n"],
    *,
    count: int,
    window: CosineWindow,
    unit: Literal["cosine", "quantile"],
    duplicate_above: float,
) -> Mined:
    """Mine the hard negatives of some pairs, keyed by their numbers.

    Args:
        queries: one a pair.
        data: bank and pairs.
        numbers: of the pairs.
        count: negatives wanted a pair, the nearest in the window first.
        window: how near.
        unit: of the window. Quantile 0.999 of a bank of 95,000 is its row of rank 95: such a window
            holds the same number of rows for every query, however near they are.
        duplicate_above: cosine to the target from which on a row is the target again.
    """
    if unit == "quantile":
        return _by_rank(queries, data, numbers, count, window, duplicate_above)
    rule = MiningRule(count, window.low, window.high, duplicate=duplicate_above)
    return mine(
        queries,
        data.bank.vectors,
        data.pairs.targets[numbers][:, None].tolist(),
        rule,
        ids=numbers,
        barred=data.own_rows(numbers),
    )


def rank_window(window: CosineWindow, rows: int) -> tuple[int, int]:
    """Return the first rank, from 0, inside a window of quantiles, and the first one beyond it."""
    first = math.floor((1.0 - window.high) * rows + 1e-9)
    return first, max(math.ceil((1.0 - window.low) * rows - 1e-9), first)


def _by_rank(
    queries: Float[ndarray, "n d"],
    data: NextVectors,
    numbers: Int[ndarray, "n"],
    count: int,
    window: CosineWindow,
    duplicate_above: float,
) -> Mined:
    """Take ranks of an exact search in which the context and the target are left out."""
    first, beyond = rank_window(window, len(data.bank))
    depth = min(first + count + _SPARE, beyond)
    targets = data.pairs.targets[numbers]
    own = [[*rows, int(row)] for rows, row in zip(data.own_rows(numbers), targets, strict=True)]
    filters = Filters(exclude=own)
    found = search(queries, data.bank.vectors, max(depth, 1), "cosine", filters=filters)
    rows, cosines = found.rows[:, first:depth], found.scores[:, first:depth]
    near = _near(data, rows, targets, duplicate_above)
    kept = (rows >= 0) & ~near
    both = near & (cosines > np.float32(duplicate_above))
    drops = MiningDrops(0, 0, 0, 0, int(near.sum()), int(both.sum()))
    return _first(numbers, rows, cosines, kept, count, drops)


def _near(
    data: NextVectors, rows: Int[ndarray, "n k"], targets: Int[ndarray, "n"], above: float
) -> ndarray:
    near = np.zeros(rows.shape, dtype=bool)
    for start in range(0, len(rows), 1024):
        part = slice(start, start + 1024)
        cosines = np.einsum("nkd,nd->nk", data.bank.take(rows[part]), data.bank.take(targets[part]))
        near[part] = (cosines > np.float32(above)) & (rows[part] >= 0)
    return near


def _first(
    numbers: Int[ndarray, "n"],
    rows: Int[ndarray, "n k"],
    cosines: Float[ndarray, "n k"],
    kept: ndarray,
    count: int,
    drops: MiningDrops,
) -> Mined:
    """Keep the first ``count`` of what is kept; -1 where there are fewer."""
    taken = np.full((len(rows), count), -1, dtype=np.int64)
    values = np.full((len(rows), count), -np.inf, dtype=np.float32)
    ordinal = np.cumsum(kept, axis=1)
    queries, places = np.nonzero(kept & (ordinal <= count))
    slots = ordinal[queries, places] - 1
    taken[queries, slots], values[queries, slots] = rows[queries, places], cosines[queries, places]
    return Mined(numbers, taken, taken >= 0, values, drops)
