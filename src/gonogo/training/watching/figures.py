"""One figure of the log as a rule reads it: a look's as it is, that of steps as their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.rules import Seen
from gonogo.training.watching.validation import Look, Validator


def readable(name: str, value: float) -> tuple[str, float, Literal["%", ""]]:
    """Turn ``R@500`` (0 to 1) into ``recall@500`` in percent, and other recalls into percent.

    Other figures are left as they are.
    """
    owner, slash, figure = name.rpartition("/")
    if figure.startswith("R@"):
        return f"{owner}{slash}recall@{figure[2:]}", 100.0 * value, "%"
    if "recall@" in figure:
        return name, 100.0 * value, "%"
    return name, value, ""


def step_figures(record: StepRecord) -> dict[str, float]:
    """Return what a step logs, by name; with the task's where the arm has several tasks."""
    single = len(record.examples) == 1  # counted for every task of the arm, acting or not
    return {
        name if single else f"{task}/{name}": value
        for task, loss in record.losses.items()
        for name, value in {"loss": loss, **record.figures[task]}.items()
    }


@runtime_checkable
class Reader(Protocol):
    """Reads a figure of the log where one is due."""

    def read(self, record: StepRecord) -> Seen | None:
        """Take in a step; return the figure where one is due and there is one."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return its memory, as JSON."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        ...


class FigureReader:
    """Reads one figure, at looks or every so many steps.

    Args:
        figure: its name; where looks and steps have the same one, that of the look.
        every: optimiser steps between two readings; None reads at looks.
        validator: takes the looks, if any are taken; called before.
        epochs: completed epochs of the first task after each step of the plan.
    """

    def __init__(
        self,
        figure: str,
        every: int | None,
        validator: Validator | None,
        epochs: Sequence[float],
    ) -> None:
        self._figure, self._every = figure, every
        self._validator, self._epochs = validator, epochs
        self._sum, self._steps = 0.0, 0

    def read(self, record: StepRecord) -> Seen | None:
        """Take in a step; return the figure where one is due and there is one."""
        logged = step_figures(record).get(self._figure)
        if self._figure == "gradient_norm":
            logged = record.gradient_norm
        if logged is not None:
            self._sum, self._steps = self._sum + logged, self._steps + 1
        look = self._look(record)
        last = record.step == record.total_steps
        if not (last or record.step % self._every == 0 if self._every else look):
            return None
        value = look.figures.get(self._figure) if look else None
        if value is None and self._steps:
            value = self._sum / self._steps
        self._sum, self._steps = 0.0, 0
        epoch = self._epochs[record.step - 1]
        return None if value is None else Seen(epoch, last, value)

    def _look(self, record: StepRecord) -> Look | None:
        look = self._validator.look if self._validator else None
        return look if look is not None and look.step == record.step else None

    def state_dict(self) -> dict[str, Any]:
        """Return the running sum, as JSON."""
        return {"sum": self._sum, "steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._sum, self._steps = float(state["sum"]), int(state["steps"])
