"""What makes a document a hard negative of a pair, and the count of what it is not."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, slots=True)
class MiningRule:
    """What is a hard negative. All numbers are cosines; both ends of the window are included.

    Attributes:
        count: negatives wanted a pair, the nearest first.
        low: least cosine of query and negative.
        high: largest cosine of query and negative.
        margin: how far below the positive's cosine (the lowest one's) a negative stays at least.
        relative_margin: the same as a share of that cosine's size (0.05: at most 95 % of it;
            Moreira et al. 2024, "NV-Retriever", TopK-PercPos).
        duplicate: above this cosine to a positive a document is a near-duplicate of it; from 1 on
            none is.

    Raises:
        ValueError: for a count below 1 or a window that holds nothing.
    """

    count: int
    low: float = -np.inf
    high: float = np.inf
    margin: float | None = None
    relative_margin: float | None = None
    duplicate: float = 0.98

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"cannot mine {self.count} negatives; at least 1")
        if not self.low <= self.high:
            raise ValueError(f"no cosine lies between {self.low} and {self.high}")

    def ceiling(self, positive: Float[ndarray, "q"]) -> Float[ndarray, "q"]:
        """Return the largest cosine allowed, given the lowest positive's of each query."""
        highest = np.full_like(positive, self.high)
        if self.margin is not None:
            highest = np.minimum(highest, positive - np.float32(self.margin))
        if self.relative_margin is not None:
            slack = np.abs(positive) * np.float32(self.relative_margin)
            highest = np.minimum(highest, positive - slack)
        return highest


@dataclass(frozen=True, slots=True)
class MiningDrops:
    """What was passed over on the way to the last negative of each pair, and why.

    A document counts once, for the first reason that applies, in the order given here.

    Attributes:
        above_window: nearer to the query than the window or a margin allows.
        positives: positives of the pair.
        equal_texts: documents with the text of a positive.
        barred: rows that the caller bars.
        near_positive: near-duplicates of a positive, those of ``near_both`` among them.
        near_both: near-duplicates of a positive that are as near to the query.
    """

    above_window: int
    positives: int
    equal_texts: int
    barred: int
    near_positive: int
    near_both: int

    @classmethod
    def none(cls) -> MiningDrops:
        """Return the counts of no pair."""
        return cls(0, 0, 0, 0, 0, 0)

    def __add__(self, other: MiningDrops) -> MiningDrops:
        """Return the counts of two sets of pairs."""
        return MiningDrops(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))
