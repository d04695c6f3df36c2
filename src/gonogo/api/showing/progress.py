"""Progress on a terminal as live bars, elsewhere as plain lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gonogo.core.errors import printable
from gonogo.core.progress import Bar, Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as RichBars
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 15.0


def duration(seconds: float) -> str:
    """Write a duration as a person would: ``45 s``, ``12 min 05 s``, ``3 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _figures(figures: dict[str, float | str]) -> str:
    return "  ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else printable(f"{name} {value}")
        for name, value in figures.items()
    )


class _PlainBar:
    """Prints a line now and then: at the start, every few seconds, at the end."""

    def __init__(self, label: str, total: int, done: int) -> None:
        self.label, self.total, self.done, self.first = printable(label), total, done, done
        self.started = self.printed = time.monotonic()
        self.shown = ""

    def advance(self, count: int = 1, **figures: float | str) -> None:
        """Move on, and print a line if the last one is old enough."""
        self.done += count
        self.shown = _figures(figures) or self.shown
        if time.monotonic() - self.printed >= SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        """Print the last line."""
        spent = time.monotonic() - self.started
        if spent >= 1.0:
            print(f"{self.label}: {self.done}/{self.total} in {duration(spent)}  {self.shown}")
            sys.stdout.flush()

    def _print(self) -> None:
        self.printed = time.monotonic()
        rate = (self.done - self.first) / (self.printed - self.started)
        left = duration((self.total - self.done) / rate) if rate > 0 else "unknown"
        print(f"{self.label}: {self.done}/{self.total}  {self.shown}  {left} left", flush=True)


class PlainProgress:
    """Progress for logs and pipes."""

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Open a bar that prints lines."""
        return _PlainBar(label, total, done)

    def say(self, message: str) -> None:
        """Print one line."""
        print(printable(message), flush=True)


class _RichBar:
    def __init__(self, bars: RichBars, task: TaskID) -> None:
        self.bars, self.task = bars, task

    def advance(self, count: int = 1, **figures: float | str) -> None:
        """Move the bar on."""
        if figures:
            self.bars.update(self.task, advance=count, figures=_figures(figures))
        else:
            self.bars.update(self.task, advance=count)

    def close(self) -> None:
        """Remove the bar: the lines that stay are said, not drawn."""
        self.bars.remove_task(self.task)


class RichProgress:
    """Progress for terminals: one live line for the study, one for the work at hand."""

    def __init__(self, bars: RichBars) -> None:
        self.bars = bars

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Open a live bar."""
        return _RichBar(
            self.bars, self.bars.add_task(printable(label), total=total, completed=done, figures="")
        )

    def say(self, message: str) -> None:
        """Print one line above the bars."""
        self.bars.console.print(printable(message), markup=False, highlight=False)


@contextmanager
def watching(progress: bool | Progress) -> Iterator[Progress]:
    """Yield what shows progress: bars or lines, nothing at all, or what was given."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield Silent()
        return
    with open_progress() as opened:
        yield opened


@contextmanager
def open_progress() -> Iterator[Progress]:
    """Yield live bars on a terminal and plain lines elsewhere."""
    if not sys.stdout.isatty():
        yield PlainProgress()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bars:
        yield RichProgress(bars)
