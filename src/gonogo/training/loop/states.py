"""``state.json`` of a checkpoint: how far a training came, and what it remembers."""

from __future__ import annotations

from typing import Any, Literal

from gonogo.core.records import Record


class Whole(Record):
    """What every state says: that it was written to its end, and of which configuration."""

    complete: Literal[True]
    fingerprint: str
    """Of everything that can change the weights."""


class RunState(Record):
    """A training under way, apart from its tensors."""

    step: int
    """Optimiser steps taken."""
    examples: dict[str, int]
    """Examples seen, by task."""
    epochs: dict[str, int] = {}
    """The epoch that each task was last told to prepare."""
    seconds: float
    """Wall-clock time, over all attempts."""
    tasks: dict[str, dict[str, Any]] = {}
    """What each task remembers; it alone knows what that is."""
    monitors: dict[str, dict[str, Any]] = {}
    """What each monitor remembers."""
    scaler: dict[str, Any] | None = None
    """Of fp16 gradients."""


class SavedState(RunState):
    """The state of a checkpoint that a training goes on from."""

    files: list[str]
    """Names of its files of tensors."""


class FinalState(Record):
    """The state of a finished training: the facts that were renamed into place with it."""

    complete: Literal[True]
    fingerprint: str = ""
    step: int | None = None
    examples: dict[str, int] | None = None
    seconds: float | None = None
    """Of all attempts."""
    total_steps: int | None = None
    """None in files of earlier versions, as all that follows."""
    peak_memory_mb: float | None = None
    preparation_seconds: float | None = None
    trainable_parameters: int | None = None
    device: str | None = None
    precision: str | None = None
