"""What ``gonogo learn`` found: each arm's looks at shares of its budget; ``learning.json``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gonogo.core.files import write_json
from gonogo.core.metrics import is_bm25_figure
from gonogo.core.records import read_record
from gonogo.spec.base import Spec


class BudgetPoint(Spec):
    """One look of one arm."""

    share: float
    """Of the budget that the study gives the arm; 0 is before the first step."""
    step: int
    """Optimiser steps taken."""
    examples: dict[str, int]
    """Examples seen so far, by task: the exposure."""
    rate: float | None
    """Learning rate of the backbone at that step, over the highest of the training."""
    seconds: float | None
    """Of the steps alone, without looks."""
    figures: dict[str, float | None]
    """By name, such as ``nDCG@10`` or ``embed/nDCG@10``."""


class LearningCurve(Spec):
    """The looks of one arm's training, in order."""

    arm: str
    tasks: tuple[str, ...]
    total_steps: int
    """Optimiser steps of the whole training: the largest share of the budget."""
    annealed: bool
    """Whether the learning rate falls to the end of the training."""
    staged: bool
    """Whether one task is taught alone at first."""
    points: tuple[BudgetPoint, ...]

    @property
    def figures(self) -> tuple[str, ...]:
        """Return the names of the figures that a model has, BM25's left out."""
        names = dict.fromkeys(name for point in self.points for name in point.figures)
        return tuple(name for name in names if not is_bm25_figure(name))

    def value(self, figure: str, share: float) -> float | None:
        """Return a figure at a share of the budget; None where there is none."""
        found = [point for point in self.points if point.share == share]
        return found[0].figures.get(figure) if found else None


class LearningFile(Spec):
    """The curves of a study's arms on one seed."""

    study: str
    tier: str
    seed: int
    shares: tuple[float, ...]
    """Shares of the budget, ascending; the last is where every training ends."""
    curves: tuple[LearningCurve, ...]
    missing: tuple[str, ...] = ()
    """Arms whose training has not ended."""


def read_learning(path: Path) -> LearningFile:
    """Read ``learning.json``.

    Raises:
        UserError: if it is missing or of another shape.
    """
    return read_record(path, LearningFile)


def write_learning(path: Path, found: LearningFile) -> None:
    """Write ``learning.json``."""
    write_json(path, found.model_dump(mode="json"))


def rise(curve: LearningCurve, figure: str, shares: tuple[float, float]) -> float | None:
    """Return how far a figure rises from one share of the budget to another, over the second.

    None where one is unknown, or the second is zero.
    """
    first, second = (curve.value(figure, share) for share in shares)
    if first is None or not second:
        return None
    return (second - first) / second


def best_share(curve: LearningCurve, figure: str) -> float | None:
    """Return the share of the budget at which a figure is largest, the smallest of equal ones."""
    known: Mapping[float, float] = {
        point.share: value
        for point in curve.points
        if (value := point.figures.get(figure)) is not None
    }
    return max(known, key=known.__getitem__, default=None)
