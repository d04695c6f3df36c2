"""The study files that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped_studies() -> dict[str, Path]:
    """Return the shipped study files by name."""
    folder = Path(str(files("gonogo"))) / "studies"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
