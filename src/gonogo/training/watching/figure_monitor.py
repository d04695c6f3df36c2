"""A monitor that judges one figure by one rule, and says so in the logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gonogo.core.files import append_json_line
from gonogo.training.watching.figures import Reader
from gonogo.training.watching.monitor import StepRecord
from gonogo.training.watching.rules import Rule, Said
from gonogo.training.watching.training_log import TrainingLog


class Judgements:
    """Where judgements are told: ``judgements.jsonl``, ``training.log``, and the terminal.

    Args:
        log: gets a line for each.
        folder: of the logs.
        warn: says a line on the terminal.
    """

    def __init__(self, log: TrainingLog, folder: Path, warn: Callable[[str], None]) -> None:
        self._log, self._path, self._warn = log, folder / "judgements.jsonl", warn

    def tell(self, record: StepRecord, monitor: str, said: Said) -> None:
        """Write a judgement down."""
        line = {"step": record.step, "monitor": monitor, "text": said.text, **said.facts}
        append_json_line(self._path, line)
        self._log.note(f"{monitor}: {said.text}")
        if said.then == "warn":
            self._warn(f"{monitor}: {said.text}")


class FigureMonitor:
    """Judges one figure of the log.

    Args:
        name: that it speaks under.
        reader: of the figure.
        rule: that judges it.
        judgements: where it speaks.
    """

    def __init__(self, name: str, reader: Reader, rule: Rule, judgements: Judgements) -> None:
        self.name = name
        self._reader, self._rule, self._judgements = reader, rule, judgements

    def wants(self, step: int) -> bool:
        """Be called after every step: figures of steps are averaged."""
        del step
        return True

    def after_step(self, record: StepRecord) -> str | None:
        """Judge the figure where it is due; return the reason to abort, or None."""
        seen = self._reader.read(record)
        if seen is None:
            return None
        said = self._rule.update(seen)
        for one in said:
            self._judgements.tell(record, self.name, one)
        return next((one.text for one in said if one.then == "abort"), None)

    def state_dict(self) -> dict[str, Any]:
        """Return what reader and rule remember, as JSON."""
        kind = type(self._rule).__name__
        return {"kind": kind, "reader": self._reader.state_dict(), "rule": self._rule.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        if state["kind"] != type(self._rule).__name__:
            return  # the study gave this name to another rule since then
        self._reader.load_state_dict(state["reader"])
        self._rule.load_state_dict(state["rule"])
