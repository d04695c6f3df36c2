"""Studies that come with the package, and how a name finds its file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from gonogo.core.errors import UserError, nearest


def shipped_studies() -> dict[str, Path]:
    """Return the shipped study files by name."""
    folder = Path(str(files("gonogo"))) / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


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
