"""Looks at a model while it trains: figures in a log, the best weights kept, guards informed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from gonogo.core.errors import UserError, nearest
from gonogo.core.files import append_json_line
from gonogo.spec.training import Validation
from gonogo.training.parts.schedules import Step
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TrainableModel
from gonogo.training.watching.monitor import StepRecord

LOG = "validation.jsonl"


@runtime_checkable
class Validated(Protocol):
    """A task that can be looked at: figures on data that it does not train on."""

    def validate(self) -> dict[str, float]:
        """Return figures by name, larger ones better where one may mark the best weights."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    Args:
        step: optimiser steps taken.
        epoch: completed epochs of the first task, as a fraction.
        last: whether the training ends here.
        figures: by name.
    """

    step: int
    epoch: float
    last: bool
    figures: Mapping[str, float]


def epochs_after(steps: Sequence[Step], task: Task) -> list[float]:
    """Return how many epochs of a task are completed after each step of a plan."""
    seen, epochs = 0, []
    for step in steps:
        seen += sum(len(part.batches) for part in step.parts if part.task == task.name)
        epochs.append(seen * task.batch_size / task.examples_per_epoch)
    return epochs


def due_steps(spec: Validation, epochs: Sequence[float]) -> frozenset[int]:
    """Return the steps, from 1, after which a look is due; the last one always.

    0 stands for a look before the first step.

    Args:
        spec: how often.
        epochs: completed epochs after each step.
    """
    if spec.at:
        # 0.1 * 30 is 3.0000000000000004
        return frozenset({len(epochs), *(math.ceil(at * len(epochs) - 1e-9) for at in spec.at)})
    places = [number + 1.0 if spec.unit == "steps" else at for number, at in enumerate(epochs)]
    due, before = {len(places)}, 0
    for number, place in enumerate(places, start=1):
        passed = math.floor(place / spec.every + 1e-9)
        if passed > before:
            due.add(number)
        before = passed
    return frozenset(due)


class Validator:
    """Takes the looks; a monitor that others follow.

    Args:
        spec: how often, and what marks the best weights.
        tasks: those that can be looked at are; figures of several carry the task's name.
        epochs: completed epochs of the first task after each step of the plan.
        model: switched to evaluation for a look; the next step switches back.
        folder: of the logs.
        keep_best: writes the weights as they are now, with the look's facts.

    Raises:
        UserError: if no task can be looked at.
    """

    name = "validation"

    def __init__(
        self,
        spec: Validation,
        tasks: Mapping[str, Task],
        epochs: Sequence[float],
        model: TrainableModel,
        folder: Path,
        keep_best: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._tasks = {name: task for name, task in tasks.items() if isinstance(task, Validated)}
        if not self._tasks:
            raise UserError(
                "no task of this arm can be looked at while it trains",
                place="training.validation",
                hint="leave it out",
            )
        self._spec, self._model, self._path = spec, model, folder / LOG
        self._epochs, self._due = epochs, due_steps(spec, epochs)
        self._keep_best, self._best = keep_best, -math.inf
        self.look: Look | None = None

    def wants(self, step: int) -> bool:
        """Say whether a look is due."""
        return step in self._due

    def before_training(self) -> None:
        """Look at what training starts from, where that is asked for."""
        if self.wants(0):
            self._take(0, 0.0, last=False)

    def after_step(self, record: StepRecord) -> str | None:
        """Look, write it down, and keep the weights if they are the best so far."""
        epoch, last = self._epochs[record.step - 1], record.step == record.total_steps
        self._take(record.step, epoch, last=last)
        return None

    def _take(self, step: int, epoch: float, *, last: bool) -> None:
        figures = self._figures()
        self.look = Look(step, epoch, last, figures)
        line = {"step": step, "epoch": epoch, **_finite(figures)}
        if self._spec.best is not None:
            value = self._value(self._spec.best, figures)
            line["best"] = value > self._best
            if value > self._best:
                self._best = value
                self._keep_best({"step": step, "figure": self._spec.best, "value": value})
        append_json_line(self._path, line)

    def _figures(self) -> dict[str, float]:
        self._model.eval()
        with torch.no_grad():
            if len(self._tasks) == 1:
                return next(iter(self._tasks.values())).validate()
            return {
                f"{name}/{figure}": value
                for name, task in self._tasks.items()
                for figure, value in task.validate().items()
            }

    def _value(self, name: str, figures: Mapping[str, float]) -> float:
        if name not in figures:
            raise UserError(
                f"no figure {name!r} to choose the best weights by",
                place="training.validation.best",
                hint=nearest(name, figures),
            )
        return figures[name]

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far."""
        return {"best": self._best if math.isfinite(self._best) else None}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._best = -math.inf if state["best"] is None else float(state["best"])


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
