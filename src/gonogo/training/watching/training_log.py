"""The log of a training that people read and grep: ``training.log``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gonogo.core.files import write_text
from gonogo.training.watching.monitor import StepRecord

LOG = "training.log"


class TrainingLog:
    """Lines in their order, written whole each time.

    It is a monitor only to remember its lines over a resume, so that what is said twice stands
    there once.

    Args:
        folder: of the logs.
    """

    name = "training_log"

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._lines: list[str] = []

    def note(self, line: str) -> None:
        """Add a line."""
        self._lines.append(line)
        write_text(self._path, "".join(f"{one}\n" for one in self._lines))

    def wants(self, step: int) -> bool:
        """Want no step: others write into it."""
        del step
        return False

    def after_step(self, record: StepRecord) -> None:
        """Do nothing."""
        del record

    def state_dict(self) -> dict[str, Any]:
        """Return the lines."""
        return {"lines": list(self._lines)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._lines = list(state["lines"])
