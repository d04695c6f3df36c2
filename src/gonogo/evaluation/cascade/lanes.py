"""Metadata lanes: a Task-Modifier-Domain code beside each vector, and how it changes scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

BOOST = 1.10


@dataclass(frozen=True, slots=True)
class LaneBlend:
    """``alpha * cosine + (1 - alpha) * c`` with c the share of the three parts that agree."""

    alpha: float = 0.8

    def __post_init__(self) -> None:
        if not 0.0 <= self.alpha <= 1.0:
            raise ValueError(f"alpha {self.alpha} is not between 0 and 1")

    def apply(
        self, scores: Float[ndarray, "k"], codes: Shaped[ndarray, "k 3"], own: Shaped[ndarray, "3"]
    ) -> Float[ndarray, "k"]:
        """Return the blended scores."""
        agreement = (codes == own).mean(axis=1)
        blended: Float[ndarray, "k"] = self.alpha * scores + (1.0 - self.alpha) * agreement
        return blended.astype(scores.dtype)


@dataclass(frozen=True, slots=True)
class LaneBoost:
    """The score of a row in the query's own lane (all three parts equal) is raised by a tenth.

    A negative cosine is divided instead: times 1.10 it would sink for being in the right lane.
    """

    factor: float = BOOST

    def __post_init__(self) -> None:
        if self.factor < 1.0:
            raise ValueError(f"a boost by {self.factor} would be a penalty")

    def apply(
        self, scores: Float[ndarray, "k"], codes: Shaped[ndarray, "k 3"], own: Shaped[ndarray, "3"]
    ) -> Float[ndarray, "k"]:
        """Return the scores, those of the own lane raised."""
        same = (codes == own).all(axis=1)
        raised = np.where(scores >= 0, scores * self.factor, scores / self.factor)
        return np.where(same, raised, scores).astype(scores.dtype)


LaneRule = LaneBlend | LaneBoost


def code_numbers(codes: list[tuple[str, str, str]]) -> Int[ndarray, "n 3"]:
    """Return a number for each part of each (task, modifier, domain), equal for equal words."""
    columns = [
        np.unique([code[part] for code in codes], return_inverse=True)[1] for part in range(3)
    ]
    return np.stack(columns, axis=1).astype(np.int64)
