"""What the looks saw, for people: ``history.json``, and a log that grep finds its way in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gonogo.core.files import write_json, write_text
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.validation import Look, Validator

HISTORY, LOG = "history.json", "training.log"


class History:
    """One entry a look, with the mean losses since the one before; written whole each time.

    A mean is over the steps that had the figure. Figures carry the task's name where the arm has
    several tasks, also where only one of them acts in a step.

    It remembers its entries over a resume, so that steps taken twice stand there once.

    Args:
        validator: takes the looks.
        folder: of the logs; the history lies above it, beside them.
    """

    name = "history"

    def __init__(self, validator: Validator, folder: Path) -> None:
        self._validator, self._folder = validator, folder
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._entries: list[dict[str, Any]] = []
        self._lines: list[str] = []

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
            **dict(_readable(name, value) for name, value in look.figures.items()),
        }
        self._entries.append({name: _finite(value) for name, value in entry.items()})
        self._sums, self._counts = {}, {}
        self.note(_line(self._entries[-1], look))
        write_json(self._folder.parent / HISTORY, self._entries)

    def note(self, line: str) -> None:
        """Add a line to the log."""
        self._lines.append(line)
        write_text(self._folder / LOG, "".join(f"{one}\n" for one in self._lines))

    def _add(self, record: StepRecord) -> None:
        single = len(record.examples) == 1  # counted for every task of the arm, acting or not
        for task, loss in record.losses.items():
            for name, value in {"loss": loss, **record.figures[task]}.items():
                own = name if single else f"{task}/{name}"
                self._sums[own] = self._sums.get(own, 0.0) + value
                self._counts[own] = self._counts.get(own, 0) + 1

    def state_dict(self) -> dict[str, Any]:
        """Return entries, lines, sums and their counts, as JSON."""
        return {
            "entries": list(self._entries),
            "lines": list(self._lines),
            "sums": dict(self._sums),
            "counts": dict(self._counts),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._entries, self._lines = list(state["entries"]), list(state["lines"])
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


def _readable(name: str, value: float) -> tuple[str, float]:
    """Turn ``R@500`` (0 to 1) into ``recall@500`` in percent; leave other figures as they are."""
    owner, slash, figure = name.rpartition("/")
    if figure.startswith("R@"):
        return f"{owner}{slash}recall@{figure[2:]}", 100.0 * value
    return name, value


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _line(entry: Mapping[str, Any], look: Look) -> str:
    parts = [f"Epoch {look.epoch:g}", f"step {look.step}"]
    if entry.get("loss") is not None:
        parts.append(f"loss {entry['loss']:.4f}")
    parts += [
        f"Recall@{name.split('@')[1]} {value:.2f} %"
        for name, value in entry.items()
        if name.startswith("recall@") and value is not None
    ]
    if entry.get("margin") is not None:
        parts.append(f"Separation {entry['margin']:.4f}")
    if "mined_fill" in look.figures:
        parts.append(f"mined {100 * look.figures['mined_fill']:.1f} % filled")
    return "  ".join(parts)
