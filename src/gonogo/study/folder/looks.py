"""The looks of a trial, from whichever of its logs is there, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gonogo.core.errors import UserError
from gonogo.core.files import read_json_lines
from gonogo.study.folder.layout import TrialFolder

LOOKS = "validation.jsonl"
MERGED = "train_logs.jsonl"
PREFIX = "validation/"
"""Before the figures of looks in the merged log, where training figures stand beside them."""
_NO_FIGURES = ("step", "epoch", "best")
SOURCES = (MERGED, "train_logs.parquet", LOOKS, "validation.parquet")
"""Logs that tell of looks, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: the figures of the model after so many optimiser steps."""

    step: int
    figures: Mapping[str, float | None]


class LogError(Exception):
    """A trial's logs cannot tell of its looks.

    Attributes:
        status: how the summary calls it.
    """

    def __init__(self, status: Literal["missing_logs", "parse_error"], reason: str) -> None:
        self.status: Literal["missing_logs", "parse_error"] = status
        super().__init__(reason)


def read_looks(folder: TrialFolder) -> list[Look]:
    """Return the looks of a trial in order, equal ones from each of the logs that hold them.

    The merged log comes first, JSON lines before parquet, then the log that the training itself
    appends to; that one comes first where it has been written since, by a training that resumed.
    A log that is there and cannot be read is an error, never passed over.

    Raises:
        LogError: if none is there (``missing_logs``), or one is broken (``parse_error``).
    """
    paths = [path for path in map(folder.log, SOURCES) if path.exists()]
    if not paths:
        raise LogError("missing_logs", f"no {MERGED} nor any other log of looks")
    appended = folder.log(LOOKS)
    behind = appended in paths and _written(appended) > _written(paths[0])
    return read_looks_file(appended if behind else paths[0])


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns


def read_looks_file(path: Path) -> list[Look]:
    """Return the looks that one log holds, in order.

    Raises:
        LogError: if it is broken (``parse_error``).
    """
    try:
        return sorted(_looks(_read_lines(path), path), key=lambda look: look.step)
    except (UserError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise LogError("parse_error", f"{path.name}: {error}") from error


def _read_lines(path: Path) -> Iterable[dict[str, Any]]:
    """Return the lines of a log, from JSON lines or parquet."""
    if path.suffix == ".jsonl":
        return read_json_lines(path)
    import polars as pl

    try:
        return pl.read_parquet(path).iter_rows(named=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not a parquet table: {error}", file=path) from error


def _looks(lines: Iterable[dict[str, Any]], path: Path) -> Iterable[Look]:
    """Yield the lines that hold a figure; all others of a merged log have nulls."""
    merged = path.stem == Path(MERGED).stem
    for line in lines:
        found = {
            name.removeprefix(PREFIX) if merged else name: value
            for name, value in line.items()
            if (name.startswith(PREFIX) if merged else name not in _NO_FIGURES)
        }
        figures = {name: _number(value) for name, value in found.items()}
        if any(value is not None for value in figures.values()):
            yield Look(int(line["step"]), figures)


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{value!r} is no figure")


def figure_of(looks: Sequence[Look], name: str, which: Literal["best", "final"]) -> float | None:
    """Return a figure: its largest value of all looks, or that of the last one.

    Every path that speaks of the best asks here; undefined values are never the best.
    """
    if which == "best":
        best = best_look(looks, name)
        return None if best is None else best.figures[name]
    return looks[-1].figures.get(name) if looks else None


def best_look(looks: Sequence[Look], name: str) -> Look | None:
    """Return the look with the largest value of a figure, the first of equal ones."""
    known = [look for look in looks if look.figures.get(name) is not None]
    return max(known, key=lambda look: look.figures[name] or 0.0, default=None)
