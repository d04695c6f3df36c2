"""How a name finds a study's file."""

from __future__ import annotations

from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.reading.shipped import shipped_studies


def find_study(name: str) -> Path:
    """Return the study file that ``name`` stands for: a path, or a shipped name.

    Raises:
        UserError: if it is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_studies()
    if name in shipped:
        return shipped[name]
    kind = "no such file" if path.suffix or len(path.parts) > 1 else "neither a file nor a study"
    raise UserError(f"{name!r}: {kind}", place="study", value=name, hint=nearest(name, shipped))
