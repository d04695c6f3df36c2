r"""Text files line by line, plain or gzipped, split at ``\n`` alone.

``str.splitlines`` and text-mode files with universal newlines would also split inside texts that
hold U+2028, form feeds or lone carriage returns.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield (line number from 1, line without its ending) for every line that is not blank.

    Raises:
        UserError: if the file is missing, unreadable, cut off (gzip) or not UTF-8.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as handle:
            for number, line in enumerate(handle, start=1):
                text = _decode(line, path, number)
                if text.strip():
                    yield number, text
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"cannot be read: {error}", file=path) from error


def _decode(line: bytes, path: Path, number: int) -> str:
    try:
        return line.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8: {error.reason}", file=path, place=f"line {number}") from error


def read_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of a JSON lines file that must be whole.

    Raises:
        UserError: naming the line, if one is not a JSON object.
    """
    for number, line in read_lines(path):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise UserError(
                f"not valid JSON: {error}", file=path, place=f"line {number}"
            ) from error
        if not isinstance(value, dict):
            raise UserError(
                f"expected a JSON object, found {line[:40]!r}", file=path, place=f"line {number}"
            )
        yield number, value
