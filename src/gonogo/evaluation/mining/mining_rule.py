"""What makes a document a hard negative of a pair, and the count of what it is not."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, slots=True)
class MiningRule:
    """What is a hard negative: one inside both windows, that of cosines and that of ranks.

    Ranks are counted from 0, the nearest to the query first, among the documents inside the window
    of cosines that are neither positives nor barred.

    Attributes:
        count: negatives wanted a pair, the nearest first.
        low: least cosine of query and negative.
        high: largest cosine of query and negative; both ends are included.
        relative_margin: how far below the positive's cosine (the lowest one's) a negative stays at
            least, as a share of that cosine's size (0.05: at most 95 % of it; Moreira et al. 2024,
            "NV-Retriever", TopK-PercPos).
        duplicate: above this cosine to a positive a document is a near-duplicate of it; from 1 on
            none is.
        first: first rank inside the window of ranks.
        beyond: first rank beyond it; None where it ends with the bank.

    Raises:
        ValueError: for a count below 1, or a window whose ends are the wrong way round.
    """

    count: int
    low: float = -np.inf
    high: float = np.inf
    relative_margin: float | None = None
    duplicate: float = 0.98
    first: int = 0
    beyond: int | None = None

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"cannot mine {self.count} negatives; at least 1")
        if not self.low <= self.high:
            raise ValueError(f"no cosine lies between {self.low} and {self.high}")
        if self.first < 0 or (self.beyond is not None and self.beyond < self.first):
            raise ValueError(f"no ranks are {self.first} to {self.beyond}")

    def ceiling(self, positive: Float[ndarray, "q"]) -> Float[ndarray, "q"]:
        """Return the largest cosine allowed, given the lowest positive's of each query."""
        highest = np.full_like(positive, self.high)
        if self.relative_margin is not None:
            slack = np.abs(positive) * np.float32(self.relative_margin)
            highest = np.minimum(highest, positive - slack)
        return highest

    def ranks(self, documents: int) -> tuple[int, int]:
        """Return the first rank inside the window, and the first beyond it, of such a bank."""
        beyond = documents if self.beyond is None else min(self.beyond, documents)
        return min(self.first, beyond), beyond


@dataclass(frozen=True, slots=True)
class MiningDrops:
    """What was passed over on the way to the last negative of each pair, and why.

    Where a pair has fewer negatives than were asked for, the way leads to the end of its window. A
    document counts once, for the first reason that applies, in the order given here.

    Attributes:
        above_window: nearer to the query than a window or the margin allows.
        positives: positives of the pair.
        barred: rows that the caller bars.
        near_positive: near-duplicates of a positive, those of ``near_both`` among them.
        near_both: near-duplicates of a positive that are as near to the query.
    """

    above_window: int
    positives: int
    barred: int
    near_positive: int
    near_both: int

    @classmethod
    def none(cls) -> MiningDrops:
        """Return the counts of no pair."""
        return cls(0, 0, 0, 0, 0)

    def __add__(self, other: MiningDrops) -> MiningDrops:
        """Return the counts of two sets of pairs."""
        return MiningDrops(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))
