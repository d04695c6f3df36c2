"""Is the query tower still telling positives from negatives? The margin of a look.

Everything here is in cosines. A collapsed tower gives all queries nearly one vector: its loss may
look quiet, but the mean cosine to positives and to negatives meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_COSINE_ROUNDING = 1e-2  # bf16 keeps 3 digits


@dataclass(frozen=True, slots=True)
class Margin:
    """Means over an evaluation.

    Attributes:
        positive: mean cosine of a query to its positive.
        negative: mean cosine of a query to a negative in force, over all such pairs.
        violations: share of those negatives that are at least as near as the positive.
        pairs: how many (query, negative) pairs were in force.
    """

    positive: float
    negative: float
    violations: float
    pairs: int

    @property
    def value(self) -> float:
        """Return Δ = E[cos(q, positive)] - E[cos(q, negative in force)]."""
        return self.positive - self.negative


class MarginMeter:
    """Adds up batch after batch, in float64, and holds no vector.

    One meter for the negatives in force, for a floor; for a diagnostic another one
    fed with the nearest 16 of the bank. Against those the margin is below zero unless the
    positive ranks near the top, even in a healthy training: no rule to abort belongs on it.
    """

    def __init__(self) -> None:
        self._positive, self._negative = 0.0, 0.0
        self._queries, self._pairs, self._violations = 0, 0, 0

    def add(
        self,
        positives: Float[Tensor, "n"],
        negatives: Float[Tensor, "n m"],
        in_force: Bool[Tensor, "n m"],
    ) -> None:
        """Take in one batch.

        Args:
            positives: cosine of each query to its positive.
            negatives: cosines to its negatives.
            in_force: false for what the loss masks too: padding, known and likely positives.

        Raises:
            ValueError: for values that are no cosines, such as logits (cosine / temperature).
        """
        wide, others = positives.detach().double(), negatives.detach().double()
        for values in (wide, others[in_force]):
            if values.numel() and float(values.abs().max()) > 1 + _COSINE_ROUNDING:
                raise ValueError(f"{float(values.abs().max()):.4g} is no cosine; divided by τ?")
        nearer = (others >= wide.unsqueeze(1)) & in_force
        self._positive += float(wide.sum())
        self._negative += float(torch.where(in_force, others, 0.0).sum())
        self._queries += len(wide)
        self._pairs += int(in_force.sum())
        self._violations += int(nearer.sum())

    def result(self) -> Margin | None:
        """Return the means, or None where there is no query or no negative in force."""
        if not self._queries or not self._pairs:
            return None
        return Margin(
            self._positive / self._queries,
            self._negative / self._pairs,
            self._violations / self._pairs,
            self._pairs,
        )
