"""What one job said while it ran, kept in its own folder, also where it crashed."""

from __future__ import annotations

import faulthandler
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from gonogo.core.errors import UserError
from gonogo.core.progress import Bar, Progress

CONSOLE = "console.log"
_SECONDS_BETWEEN_LINES = 15.0
"""Of a bar that moves; its first and last state are always written."""


@dataclass
class ConsoleLog:
    """Progress that is shown as before and also appended to a file, a line each with its time.

    A full disk ends the log, not the job.

    Args:
        path: the file; attempts follow one another in it.
        shown: where it is shown.
    """

    path: Path
    shown: Progress
    _file: TextIO | None = field(default=None, repr=False)

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Open a bar there, whose state is written now and then."""
        return _LoggedBar(self, label, total, done, self.shown.bar(label, total, done=done))

    def say(self, message: str) -> None:
        """Print one line there and write it."""
        self.write(message)
        self.shown.say(message)

    def write(self, text: str) -> None:
        """Append lines with the time of day."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        lines = "".join(f"{stamp}  {line}\n" for line in text.splitlines())
        with suppress(OSError, ValueError):
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8", buffering=1)
            self._file.write(lines)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Write down warnings, the traceback of what is raised, and how the process crashed.

        A fault inside a library (a segmentation fault, an abort) leaves the Python stack of all
        threads: the system ends the process before anything else can be written.
        """
        self.write("started")
        try:
            with _warnings_also(self.write), _faults_into(self._file):
                yield
        except UserError as error:  # says itself what is wrong and what helps
            self.write(f"error: {error}")
            raise
        except BaseException:
            self.write(traceback.format_exc())
            raise
        finally:
            self._release()

    def close(self, ending: str) -> None:
        """Say how the job ended, and close the file."""
        self.write(ending)
        self._release()

    def _release(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


@contextmanager
def _warnings_also(write: Callable[[str], None]) -> Iterator[None]:
    before = warnings.showwarning

    def told(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        write(f"{category.__name__}: {message} ({filename}:{lineno})")
        before(message, category, filename, lineno, file, line)

    warnings.showwarning = told
    try:
        yield
    finally:
        warnings.showwarning = before


@contextmanager
def _faults_into(file: TextIO | None) -> Iterator[None]:
    if file is None or faulthandler.is_enabled():  # whoever has enabled it keeps it
        yield
        return
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()


@dataclass
class _LoggedBar:
    log: ConsoleLog
    label: str
    total: int
    done: int
    shown: Bar
    _written: float = field(default_factory=time.monotonic)
    _figures: str = ""

    def advance(self, count: int = 1, **figures: float | str) -> None:
        """Move on there, and write a line if the last one is old enough."""
        self.done += count
        if figures:
            values = (f"{v:.4g}" if isinstance(v, float) else v for v in figures.values())
            self._figures = "  ".join(f"{k} {v}" for k, v in zip(figures, values, strict=True))
        if time.monotonic() - self._written >= _SECONDS_BETWEEN_LINES:
            self._write()
        self.shown.advance(count, **figures)

    def close(self) -> None:
        """End there, and write the last state."""
        self._write()
        self.shown.close()

    def _write(self) -> None:
        self._written = time.monotonic()
        self.log.write(f"{self.label}: {self.done}/{self.total}  {self._figures}".rstrip())
