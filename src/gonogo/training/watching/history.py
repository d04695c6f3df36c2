"""What the looks saw, for people: ``history.json``, and a log that grep finds its way in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gonogo.core.files import write_json
from gonogo.training.watching.figures import readable, step_figures
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.training_log import TrainingLog
from gonogo.training.watching.validation import Look, Validator

HISTORY = "history.json"


class History:
    """One entry a look, with the mean losses since the one before; written whole each time.

    A mean is over the steps that had the figure. Figures carry the task's name where the arm has
    several tasks, also where only one of them acts in a step.

    It remembers its entries over a resume, so that steps taken twice stand there once.

    Args:
        validator: takes the looks.
        log: gets a line a look.
        folder: of the trial.
        words: further figures of that line, by name: ``margin {value}``, ``filled {percent} %``.
    """

    name = "history"

    def __init__(
        self, validator: Validator, log: TrainingLog, folder: Path, words: Mapping[str, str]
    ) -> None:
        self._validator, self._log, self._folder = validator, log, folder
        self._words = dict(words)
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._entries: list[dict[str, Any]] = []

    def wants(self, step: int) -> bool:
        """Want every step: the losses between looks are averaged."""
        del step
        return True

    def after_step(self, record: StepRecord) -> None:
        """Add up losses; write an entry and the log at a look."""
        self._add(record)
        look = self._validator.look
        if look is None or look.step != record.step:
            return
        entry = {
            "epoch": round(look.epoch, 4),
            "step": look.step,
            "learning_rate": record.learning_rate,
            **{name: total / self._counts[name] for name, total in self._sums.items()},
            **dict(readable(name, value)[:2] for name, value in look.figures.items()),
        }
        self._entries.append({name: _finite(value) for name, value in entry.items()})
        self._sums, self._counts = {}, {}
        self._log.note(_line(self._entries[-1], look, self._words))
        write_json(self._folder / HISTORY, self._entries)

    def _add(self, record: StepRecord) -> None:
        for name, value in step_figures(record).items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def state_dict(self) -> dict[str, Any]:
        """Return entries, sums and their counts, as JSON."""
        return {
            "entries": list(self._entries),
            "sums": dict(self._sums),
            "counts": dict(self._counts),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._entries = list(state["entries"])
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _line(entry: Mapping[str, Any], look: Look, words: Mapping[str, str]) -> str:
    parts = [f"Epoch {look.epoch:g}", f"step {look.step}"]
    if entry.get("loss") is not None:
        parts.append(f"loss {entry['loss']:.4f}")
    parts += [
        f"Recall@{name.split('@')[1]} {value:.2f} %"
        for name, value in entry.items()
        if name.startswith("recall@") and value is not None
    ]
    for name, text in words.items():
        value = look.figures.get(name, entry.get(name))
        if value is not None and math.isfinite(value):
            told = text.replace("{value}", f"{value:.4f}")
            parts.append(told.replace("{percent}", f"{100 * value:.1f}"))
    return "  ".join(parts)
