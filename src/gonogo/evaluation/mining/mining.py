"""Hard negatives by vectors: of each (query, positive) pair the nearest documents in a window.

Mined exactly, over the whole bank. Never taken: the positives, rows that the caller bars, and
near-duplicates of a positive, which are answers nobody judged. Where too few are left the rest is
masked, never filled from outside the window.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from gonogo.evaluation.mining.mining_group import PairGroup
from gonogo.evaluation.mining.mining_rule import MiningDrops, MiningRule

__all__ = ["Mined", "MinedRows", "MiningDrops", "MiningRule", "mine"]

_GROUP = 16_384  # pairs mined at once: bounds the memory; no effect on the result


@dataclass(frozen=True, slots=True)
class MinedRows:
    """The negatives of each pair, keyed by the id of its sample, whatever the order of a batch.

    Attributes:
        ids: of the samples, one a pair, ascending.
        rows: bank rows, the nearest to the query first; -1 where there is none.
    """

    ids: Int[ndarray, "q"]
    rows: Int[ndarray, "q count"]

    @property
    def mask(self) -> Bool[ndarray, "q count"]:
        """Return where there is a negative."""
        there: Bool[ndarray, "q count"] = self.rows >= 0
        return there

    @property
    def fill_rate(self) -> float:
        """Return which share of the negatives asked for was found."""
        return float(self.mask.mean()) if self.rows.size else 1.0

    def of(self, ids: Int[ndarray, "b"]) -> Int[ndarray, "b count"]:
        """Return the rows of the samples of a batch, in its order.

        Raises:
            KeyError: for a sample that was not mined.
        """
        places = np.searchsorted(self.ids, ids)
        known = places < len(self.ids)
        known[known] = self.ids[places[known]] == ids[known]
        if not known.all():
            raise KeyError(f"sample {ids[~known][0]} has not been mined")
        found: Int[ndarray, "b count"] = self.rows[places]
        return found


@dataclass(frozen=True, slots=True)
class Mined(MinedRows):
    """What a mining found, and what it passed over.

    Attributes:
        cosines: of each negative to its query; -inf where there is none.
        drops: what was passed over.
    """

    cosines: Float[ndarray, "q count"]
    drops: MiningDrops


def mine(
    queries: Shaped[ndarray, "q d"],
    bank: Shaped[ndarray, "n d"],
    positives: Sequence[Collection[int]],
    rule: MiningRule,
    *,
    ids: Int[ndarray, "q"] | None = None,
    barred: Sequence[Collection[int]] | None = None,
) -> Mined:
    """Mine the hard negatives of every pair; a function of the vectors alone, to the bit.

    Args:
        queries: one vector a pair, of any length.
        bank: one vector a document, memory-mapped or not.
        positives: bank rows of each pair's positives, at least one.
        rule: how many, how near.
        ids: of the samples; 0, 1, 2, ... by default.
        barred: further rows that are never a pair's negatives, such as those of its own context.

    Raises:
        ValueError: if lengths differ, a pair has no positive, a row is not in the bank, or an id
            stands twice.
    """
    ids = np.arange(len(queries)) if ids is None else ids
    _check(len(queries), len(bank), positives, barred, ids)
    rows: list[Int[ndarray, "g count"]] = [np.empty((0, rule.count), np.int64)]
    cosines: list[Float[ndarray, "g count"]] = [np.empty((0, rule.count), np.float32)]
    drops = MiningDrops.none()
    for start in range(0, len(queries), _GROUP):
        part = slice(start, start + _GROUP)
        never = barred[part] if barred is not None else None
        group = PairGroup(queries[part], bank, positives[part], never, rule)
        drops += group.mine()
        rows.append(group.rows)
        cosines.append(group.cosines)
    order = np.argsort(ids)
    return Mined(ids[order], np.concatenate(rows)[order], np.concatenate(cosines)[order], drops)


def _check(
    pairs: int,
    documents: int,
    positives: Sequence[Collection[int]],
    barred: Sequence[Collection[int]] | None,
    ids: Int[ndarray, "i"],
) -> None:
    if not len(positives) == len(ids) == pairs or (barred is not None and len(barred) != pairs):
        raise ValueError(f"{pairs} queries, {len(positives)} positives and {len(ids)} ids")
    if len(np.unique(ids)) != pairs:
        raise ValueError("the id of a sample stands twice")
    for number, rows in enumerate(positives):
        if not len(rows) or min(rows) < 0 or max(rows) >= documents:
            raise ValueError(f"positives {list(rows)} of pair {number} are not in the bank")
