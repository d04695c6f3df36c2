"""What a study is made from: a name, a file, or values in Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.spec.reading.python_values import plain

MADE_HERE = Path("study")
"""What a study without a file is called in errors."""


@dataclass(frozen=True)
class Source:
    """Where a study's values are."""

    file: Path
    values: dict[str, Any] | None
    """The values themselves, where no file holds them."""
    beside: Path


def read_source(source: object) -> Source:
    """Find what a study is made from.

    Raises:
        UserError: if it is neither a name, nor a file, nor values.
    """
    from gonogo.study.folder.shipped import find_study

    if isinstance(source, str | Path):
        path = find_study(str(source))
        return Source(path, None, path.resolve().parent)
    values = plain(source)
    if isinstance(values, dict):
        return Source(MADE_HERE, values, Path.cwd())
    hint = "the name of a shipped study, a path, or a dict"
    raise UserError(f"{source!r} is no study", place="study", value=source, hint=hint)
