"""The warning that an expert has no work: no task's routers give it weight any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gonogo.training.watching.figure_monitor import FigureMonitor, Judgements
from gonogo.training.watching.figures import FigureReader
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.rules import Said, Seen

EVERY = 50
"""Optimiser steps that a mean gate is taken over."""
LEAST = 0.01
"""Mean gate below which an expert is dead."""


class BusiestTask:
    """Reads a figure of several tasks, the largest of their means: idle for one is not idle.

    Args:
        figure: its name, without the task's.
        tasks: of the arm.
        every: optimiser steps between two readings.
        epochs: completed epochs of the first task after each step of the plan.
    """

    def __init__(
        self, figure: str, tasks: Sequence[str], every: int, epochs: Sequence[float]
    ) -> None:
        names = [figure] if len(tasks) == 1 else [f"{task}/{figure}" for task in tasks]
        self._readers = [FigureReader(name, every, None, epochs) for name in names]

    def read(self, record: StepRecord) -> Seen | None:
        """Take in a step; return the figure where one is due and there is one."""
        found = [reader.read(record) for reader in self._readers]
        return max((s for s in found if s is not None), key=lambda seen: seen.value, default=None)

    def state_dict(self) -> dict[str, Any]:
        """Return the running sums, as JSON."""
        return {"readers": [reader.state_dict() for reader in self._readers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        for reader, kept in zip(self._readers, state["readers"], strict=True):
            reader.load_state_dict(kept)


class DeadExpertRule:
    """Speaks once when an expert's mean gate falls below `LEAST`, and again only after it rose.

    Args:
        expert: its name.
    """

    def __init__(self, expert: str) -> None:
        self._expert, self._dead = expert, False

    def update(self, seen: Seen) -> list[Said]:
        """Take in one mean gate."""
        before, self._dead = self._dead, seen.value < LEAST
        if before or not self._dead:
            return []
        text = (
            f"expert {self._expert!r} is dead: its mean gate is {seen.value:.4f} in every task"
            f" at epoch {seen.completed}; a larger balance_weight, balance: bias or fewer experts"
        )
        return [Said(text, "warn", {"expert": self._expert, "gate": seen.value})]

    def state_dict(self) -> dict[str, Any]:
        """Return whether it is dead, as JSON."""
        return {"dead": self._dead}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._dead = bool(state["dead"])


def dead_expert_monitors(
    experts: Sequence[str], tasks: Sequence[str], epochs: Sequence[float], judgements: Judgements
) -> list[FigureMonitor]:
    """Return a monitor of each expert's mean gate over all layers."""
    return [
        FigureMonitor(
            f"dead_expert.{name}",
            BusiestTask(f"gate.{name}", tasks, EVERY, epochs),
            DeadExpertRule(name),
            judgements,
        )
        for name in experts
    ]
