"""One runner at a time in an output folder; a crash leaves no lock behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gonogo.core.errors import UserError


@contextmanager
def sole_runner(path: Path) -> Iterator[None]:
    """Hold the folder's lock; the system releases it when this process ends, however it ends.

    Raises:
        UserError: if another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        owner = path.with_suffix(".owner")
        who = owner.read_text(encoding="utf-8") if owner.exists() else "unknown"
        raise UserError(
            f"another runner works here (process {who})",
            file=path.parent,
            hint="wait for it, stop it, or choose another `out`",
        ) from error
    try:
        path.with_suffix(".owner").write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        path.with_suffix(".owner").unlink(missing_ok=True)
        lock.release()
