"""What the files of a trial hold: one shape a file, old files included."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from gonogo.core.records import Record

TrialState = Literal["training", "trained", "finished", "aborted", "failed"]


class TrialResult(Record):
    """``result.json``: how far a trial came, what it cost, and what stopped it."""

    state: TrialState | None = None
    """None where nothing was noted yet."""
    error: str | None = None
    """What stopped the last attempt."""
    steps: int | None = None
    total_steps: int | None = None
    """Optimiser steps of the whole schedule."""
    examples: dict[str, int] | None = None
    """Examples seen, by task, over all attempts."""
    train_seconds: float | None = None
    """Over all attempts, as far as checkpoints hold them."""
    preparation_seconds: float | None = None
    """Of the last attempt: building, mining, tokenising."""
    evaluation_seconds: float | None = None
    peak_memory_mb: float | None = None
    """MiB."""
    trainable_parameters: int | None = None
    device: str | None = None
    precision: str | None = None


class EvaluationRecord(Record):
    """``evaluation.json``: that the scores are complete, and of what."""

    inputs: dict[str, JsonValue] = {}
    """Everything that the scores of given weights depend on."""
    parts: int | None = None
    """Data sets and tasks that were scored."""
    seconds: float | None = None
    """What scoring took."""
