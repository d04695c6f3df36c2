"""Monitors that judge what a look saw: the margin guard, the recall gates, the loss flags."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError, nearest
from gonogo.core.files import append_json_line
from gonogo.spec import training as specs
from gonogo.training.watching.history import History
from gonogo.training.watching.loss_flags import LossFlags
from gonogo.training.watching.margin import MarginGuard
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.recall_gates import RecallGates
from gonogo.training.watching.validation import Look, Validator

MARGIN, IN_BATCH = "margin", "in_batch_loss"
_EPOCH_ROUNDING = 1e-9


class Looker:
    """What looks have, and where judgements are told.

    Args:
        validator: takes the looks; called before.
        history: gets a line for each judgement.
        folder: of the logs.
    """

    def __init__(self, validator: Validator, history: History, folder: Path) -> None:
        self._validator, self._history = validator, history
        self._path = folder / "judgements.jsonl"

    def at(self, record: StepRecord) -> Look | None:
        """Return the look that was taken after this step, if one was."""
        look = self._validator.look
        return look if look is not None and look.step == record.step else None

    def tell(self, record: StepRecord, monitor: str, text: str, **facts: Any) -> None:
        """Write a judgement to ``judgements.jsonl`` and the log."""
        append_json_line(
            self._path, {"step": record.step, "monitor": monitor, "text": text, **facts}
        )
        self._history.note(f"{monitor}: {text}")


def completed(look: Look) -> int:
    """Return how many epochs are completed."""
    return math.floor(look.epoch + _EPOCH_ROUNDING)


class MarginGuardMonitor:
    """Ends a training whose separation margin stays too small."""

    name = "margin_guard"

    def __init__(self, spec: specs.MarginGuard, looker: Looker) -> None:
        self._looker = looker
        self._guard = MarginGuard(
            least=spec.least, patience=spec.patience, after_epoch=spec.after_epoch
        )

    def wants(self, step: int) -> bool:
        """Be called after every step; only looks are judged."""
        del step
        return True

    def after_step(self, record: StepRecord) -> str | None:
        """Return the reason to abort, with what helped before."""
        look = self._looker.at(record)
        if look is None:
            return None
        reason = self._guard.update(completed(look), _figure(look, MARGIN, self.name))
        if reason is not None:
            self._looker.tell(record, self.name, reason)
        return reason

    def state_dict(self) -> dict[str, Any]:
        """Return the looks in a row that were too small."""
        return self._guard.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._guard.load_state_dict(state)


class RecallGatesMonitor:
    """Says what a recall amounts to, early and at the end; it never ends a training."""

    name = "recall_gates"

    def __init__(self, spec: specs.RecallGates, looker: Looker) -> None:
        self._looker, self._figure = looker, spec.figure
        self._gates = RecallGates(epoch=spec.epoch)

    def wants(self, step: int) -> bool:
        """Be called after every step; only looks are judged."""
        del step
        return True

    def after_step(self, record: StepRecord) -> None:
        """Judge the recall of a look where a judgement is due."""
        look = self._looker.at(record)
        if look is None:
            return
        percent = 100.0 * _figure(look, self._figure, self.name)
        for judged in self._gates.update(completed(look), percent, last=look.last):
            name = self._figure.replace("R@", "Recall@")
            text = f"{name} {percent:.1f} % at epoch {judged.epoch}: {judged.word};"
            text += f" next: {'; '.join(judged.actions)}"
            self._looker.tell(record, self.name, text, word=judged.word, recall=percent)

    def state_dict(self) -> dict[str, Any]:
        """Return whether the early look was taken."""
        return self._gates.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._gates.load_state_dict(state)


class LossFlagsMonitor:
    """Flags the mean in-batch loss between two looks; it never ends a training."""

    name = "loss_flags"

    def __init__(self, looker: Looker) -> None:
        self._looker, self._flags = looker, LossFlags()
        self._sum, self._steps = 0.0, 0

    def wants(self, step: int) -> bool:
        """Be called after every step: the losses between looks are averaged."""
        del step
        return True

    def after_step(self, record: StepRecord) -> None:
        """Add up the in-batch losses; judge their mean at a look."""
        for figures in record.figures.values():
            if IN_BATCH in figures:
                self._sum, self._steps = self._sum + figures[IN_BATCH], self._steps + 1
        look = self._looker.at(record)
        if look is None or not self._steps:
            return
        mean = self._sum / self._steps
        self._sum, self._steps = 0.0, 0
        for flag in self._flags.update(completed(look), in_batch_loss=mean):
            self._looker.tell(record, self.name, flag)

    def state_dict(self) -> dict[str, Any]:
        """Return the running sum and how many looks in a row were too high."""
        return {"sum": self._sum, "steps": self._steps, **self._flags.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._sum, self._steps = float(state["sum"]), int(state["steps"])
        self._flags.load_state_dict(state)


def _figure(look: Look, name: str, monitor: str) -> float:
    if name not in look.figures:
        raise UserError(
            f"no look has a figure {name!r}",
            place=f"monitors: {monitor}",
            hint=nearest(name, look.figures),
        )
    return look.figures[name]
