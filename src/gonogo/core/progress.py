"""What long work tells whoever is watching; the command line decides how it looks."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Bar(Protocol):
    """One piece of work in progress."""

    def advance(self, count: int = 1, **figures: float | str) -> None:
        """Move on by ``count`` units and show the given figures, such as ``loss=0.31``."""
        ...

    def close(self) -> None:
        """Say that this piece of work has ended."""
        ...


@runtime_checkable
class Progress(Protocol):
    """Opens bars and prints messages between them."""

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Open a bar of ``total`` units, ``done`` of which were finished earlier."""
        ...

    def say(self, message: str) -> None:
        """Print one line without disturbing the bars."""
        ...


class _SilentBar:
    def advance(self, count: int = 1, **figures: float | str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class Silent:
    """Progress for library use and tests: shows nothing."""

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Return a bar that shows nothing."""
        del label, total, done
        return _SilentBar()

    def say(self, message: str) -> None:
        """Show nothing."""
