"""Files written whole or not at all, names that stay in their folder, and content hashes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gonogo.core.errors import UserError

MEGABYTE = 2**20

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,119}")


def safe_name(name: str) -> str:
    """Return ``name`` if it can be a file name that cannot leave its folder.

    Raises:
        UserError: for empty or long names, separators, leading dots, ``..``.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be used as a name",
            hint="letters, digits, '.', '_', '+', '=' and '-', starting with a letter or digit",
        )
    return name


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically: a crash leaves the old file or the new one."""
    _write_parts(path, [data])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines atomically as they come, so that a large file never stands in memory."""
    _write_parts(path, (f"{line}\n".encode() for line in lines))


def _write_parts(path: Path, parts: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.writelines(parts)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode())


def write_text_once(path: Path, text: str) -> bool:
    """Write a file unless it is there; of several writers at once exactly one wins.

    Returns:
        Whether this call wrote it.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    write_text(temporary, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; NaN and infinities are refused, so that any reader can load it."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: if the file is missing, cannot be read or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", file=path) from error
    except (ValueError, RecursionError) as error:  # also numbers of more digits than Python reads
        raise UserError(f"not valid JSON: {error}", file=path) from error


def append_json_line(path: Path, value: dict[str, Any]) -> None:
    """Append one JSON object as one line; a crash loses at most the line being written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(value, allow_nan=False, ensure_ascii=False) + "\n"
    with path.open("ab+") as handle:
        _drop_unfinished_line(handle)
        handle.write(line.encode())


def _drop_unfinished_line(handle: BinaryIO) -> None:
    """Cut off what a crash left after the last newline, or it would spoil the next line too."""
    end = handle.seek(0, os.SEEK_END)
    if end:
        handle.seek(end - 1)
        if handle.read(1) != b"\n":
            handle.seek(0)
            handle.truncate(handle.read().rfind(b"\n") + 1)


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    r"""Yield the objects of a JSON lines file, split at ``\n`` alone (texts may hold U+2028).

    An unfinished last line, which a crash can leave, is passed over.

    Raises:
        UserError: if the file is missing, or naming the line, if a finished line is not JSON.
    """
    if not path.is_file():
        raise UserError("no such file", file=path)
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except ValueError as error:
                if not line.endswith(b"\n"):
                    return
                raise UserError(
                    f"not valid JSON: {error}", file=path, place=f"line {number}"
                ) from error


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``path`` on success and vanishes on failure.

    A folder that is there already is replaced; until then, and on failure, it stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        for part in [*temporary.rglob("*"), temporary]:
            _sync(part)
        _exchange(temporary, path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _exchange(new: Path, path: Path) -> None:
    """Move ``new`` to ``path``; what was there is deleted only once ``new`` is in place."""
    if not path.exists():
        new.replace(path)
        return
    old = new.with_suffix(".old")
    path.replace(old)
    try:
        new.replace(path)
    except BaseException:
        old.replace(path)
        raise
    shutil.rmtree(old)


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """Return a short content hash of any JSON-like value, independent of key order."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def cache_folder(*names: str) -> Path:
    """Return (and make) a folder under ``$GONOGO_CACHE``, by default ``~/.cache/gonogo``."""
    root = Path(os.environ.get("GONOGO_CACHE") or Path.home() / ".cache" / "gonogo")
    folder = root.joinpath(*(safe_name(name) for name in names))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
