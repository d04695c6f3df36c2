"""Progress of work in another process: it sends what it would show, its parent shows it."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from gonogo.core.progress import Bar, Progress

Message = tuple[str, tuple[Any, ...]]
"""Name of a method of :class:`Shown`, and its arguments."""


class RelayedProgress:
    """Sends bars and lines through a pipe; threads may share it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._numbers, self._one_at_a_time = pipe, itertools.count(), threading.Lock()

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Open a bar in the parent process."""
        number = next(self._numbers)
        self.send("open", number, label, total, done)
        return _RelayedBar(self, number)

    def say(self, message: str) -> None:
        """Print one line in the parent process."""
        self.send("say", message)

    def send(self, method: str, *arguments: Any) -> None:
        """Send one message."""
        with self._one_at_a_time:
            self._pipe.send((method, arguments))


class _RelayedBar:
    def __init__(self, progress: RelayedProgress, number: int) -> None:
        self._progress, self._number = progress, number

    def advance(self, count: int = 1, **figures: float | str) -> None:
        """Move the bar on."""
        self._progress.send("advance", self._number, count, figures)

    def close(self) -> None:
        """End the bar."""
        self._progress.send("close", self._number)


@dataclass
class Shown:
    """What one other process shows: each message is a call of one of these methods.

    Args:
        progress: where it is shown.
        name: of the job, so that bars of several jobs can be told apart.
    """

    progress: Progress
    name: str
    bars: dict[int, Bar] = field(default_factory=dict)

    def open(self, number: int, label: str, total: int, done: int) -> None:
        """Open a bar."""
        label = label if self.name in label else f"{self.name} {label}"
        self.bars[number] = self.progress.bar(label, total, done=done)

    def advance(self, number: int, count: int, figures: dict[str, float | str]) -> None:
        """Move a bar on."""
        self.bars[number].advance(count, **figures)

    def close(self, number: int) -> None:
        """End a bar."""
        self.bars.pop(number).close()

    def say(self, message: str) -> None:
        """Print a line."""
        self.progress.say(message if self.name in message else f"{self.name}: {message}")

    def close_all(self) -> None:
        """End the bars of a process that did not get to it."""
        for number in list(self.bars):
            self.close(number)
