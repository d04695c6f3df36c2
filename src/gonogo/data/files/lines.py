r"""Text files line by line, plain or packed (``.gz``, ``.zst``), split at ``\n`` alone.

``str.splitlines`` and text-mode files with universal newlines would also split inside texts that
hold U+2028, form feeds or lone carriage returns.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from gonogo.core.errors import UserError

PACKED = (".gz", ".zst")
LONGEST_LINE = 2**26
"""Bytes; a longer line is a damaged or a hostile file, and would have to stand in memory."""
LARGEST_FILE = 2**32
"""Bytes, unpacked, of a file that is read as a whole."""
LARGEST_JSON = 2**29
"""Bytes, unpacked, of a file that is one JSON value."""


def plain_suffix(path: Path) -> str:
    """Return the ending that says what a file holds: ``.trec`` of ``x.trec.gz``, in lower case."""
    inner = Path(path.stem) if path.suffix.lower() in PACKED else path
    return inner.suffix.lower()


def plain_stem(path: Path) -> str:
    """Return the name of a file without its ending and without how it is packed."""
    inner = Path(path.stem) if path.suffix.lower() in PACKED else path
    return inner.stem


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield (line number from 1, line without its ending) for every line that is not blank.

    Raises:
        UserError: if the file is missing, unreadable, cut off (packed), not UTF-8, or has a line
            longer than ``LONGEST_LINE``.
    """
    with _opened(path) as handle:
        number = 0
        while line := handle.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                message = f"longer than {LONGEST_LINE >> 20} MiB, so this is no text file"
                raise UserError(message, file=path, place=f"line {number}")
            text = _decode(line, path, number)
            if text.strip():
                yield number, text


def read_bytes(path: Path, most: int = LARGEST_FILE) -> bytes:
    """Return all bytes of a file, plain or packed.

    Raises:
        UserError: if it is missing, unreadable, or unpacks to more than ``most``.
    """
    with _opened(path) as handle:
        data = handle.read(most + 1)
    if len(data) > most:
        raise UserError(f"larger than {most >> 20:,} MiB", file=path)
    return data


def read_whole_json(path: Path) -> Any:
    """Return the one JSON value that a file holds, plain or packed.

    Raises:
        UserError: if it is missing, unreadable, no JSON, nested too deeply, or larger than
            ``LARGEST_JSON``.
    """
    data = read_bytes(path, LARGEST_JSON)
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"not valid JSON: {error}", file=path) from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with _open(path) as handle:
            yield handle
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"cannot be read: {error}", file=path) from error


def _open(path: Path) -> IO[bytes]:
    match path.suffix.lower():
        case ".gz":
            return cast("IO[bytes]", gzip.open(path, "rb"))
        case ".zst":
            import io

            import pyarrow as pa  # slow to import; it brings zstd, which Python 3.11 lacks

            stream = pa.CompressedInputStream(path.open("rb"), "zstd")
            return io.BufferedReader(stream, 2**20)
        case _:
            return path.open("rb")


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
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"not valid JSON: {error}", file=path, place=f"line {number}"
            ) from error
        if not isinstance(value, dict):
            raise UserError(
                f"expected a JSON object, found {line[:40]!r}", file=path, place=f"line {number}"
            )
        yield number, value
