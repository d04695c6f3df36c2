"""Mined negatives of a query tower: the bank rows in a window of cosines, or of quantiles."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from numpy import ndarray

from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.mining.mining import Mined, MiningRule, mine
from gonogo.spec.next_vector.curriculum import CosineWindow


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
            holds the same number of rows for every query, however near they are. The context and
            the target have no rank.
        duplicate_above: cosine to the target from which on a row is the target again.
    """
    if unit == "quantile":
        first, beyond = window.ranks(len(data.bank))
        rule = MiningRule(count, duplicate=duplicate_above, first=first, beyond=beyond)
    else:
        rule = MiningRule(count, window.low, window.high, duplicate=duplicate_above)
    return mine(
        queries,
        data.bank.vectors,
        data.pairs.targets[numbers][:, None].tolist(),
        rule,
        ids=numbers,
        barred=data.own_rows(numbers),
    )
