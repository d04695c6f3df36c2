"""A trial's training log as a frame whose columns stand in the same order whatever was logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from gonogo.study.folder.looks import PREFIX

COUNTS = ("step", "examples", "tokens")
_FIRST = ("step", "task", "loss")
_LAST = (
    "learning_rate", "gradient_norm", "examples", "examples_per_second", "tokens", "padding",
    "memory_mb",
)  # fmt: skip


def history_frame(lines: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return a row a line.

    Columns: step, task and loss; then the figures of tasks and models by name; then rate, norm,
    counts and memory; then what looks found, by name. Of a figure that a line lacks it has null.

    Args:
        lines: of ``train_logs.jsonl`` or ``train.jsonl``.
    """
    names = {name for line in lines for name in line}
    looks = sorted(name for name in names if name.startswith(PREFIX))
    figures = sorted(names.difference(_FIRST, _LAST, looks))
    order = [name for name in (*_FIRST, *figures, *_LAST, *looks) if name in names]
    schema = {name: _kind(name, [line.get(name) for line in lines]) for name in order}
    rows = [{name: line.get(name) for name in order} for line in lines]
    return pl.DataFrame(rows, schema=schema, strict=False)


def _kind(name: str, values: Sequence[object]) -> pl.DataType | None:
    """Return a column's type; None for what is neither a number nor missing."""
    if name == "task":
        return pl.String()
    if name in COUNTS:
        return pl.Int64()
    plain = all(value is None or isinstance(value, int | float) for value in values)
    truths = any(isinstance(value, bool) for value in values)
    return pl.Float64() if plain and not truths else None
