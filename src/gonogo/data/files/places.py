"""Where the data lie that a study names: beside it, here, or in the data folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gonogo.core.errors import NoSuchDataError, did_you_mean

_IS: dict[str, Callable[[Path], bool]] = {
    "folder": Path.is_dir,
    "file": Path.is_file,
    "file or folder": Path.exists,
}


def find_folder(folder: str, *, beside: Path | None = None) -> Path:
    """Return the folder that a study calls ``folder``.

    An absolute path is taken as it is; another is looked up beside the study file, in the
    current folder, and in each folder of ``$GONOGO_DATA``, in this order.

    Raises:
        NoSuchDataError: if it is nowhere, with where it was looked for and the nearest name there.
    """
    return _find(folder, beside, "folder")


def find_file(file: str, *, beside: Path | None = None) -> Path:
    """Return the file that a study calls ``file``, looked up as :func:`find_folder` does.

    Raises:
        NoSuchDataError: if it is nowhere.
    """
    return _find(file, beside, "file")


def find_path(path: str, *, beside: Path | None = None) -> Path:
    """Return the file or folder ``path``, looked up as :func:`find_folder` does.

    Raises:
        NoSuchDataError: if it is nowhere.
    """
    return _find(path, beside, "file or folder")


def _find(name: str, beside: Path | None, what: str) -> Path:
    path = Path(name).expanduser()
    roots = [] if path.is_absolute() else _roots(beside)
    places = [root / path for root in roots] or [path]
    for place in places:
        if _IS[what](place):
            return place
    known = {child.name for root in roots if root.is_dir() for child in root.iterdir()}
    looked = "looked in " + ", ".join(str(place.parent) for place in places)
    hints = [looked, "set GONOGO_DATA to where data sets lie", did_you_mean(name, known)]
    hint = "; ".join(filter(None, hints))
    raise NoSuchDataError(f"no data {what} {name!r}", value=name, hint=hint)


def _roots(beside: Path | None) -> list[Path]:
    named = [Path(root) for root in os.environ.get("GONOGO_DATA", "").split(os.pathsep) if root]
    return list(dict.fromkeys([*([beside] if beside else []), Path.cwd(), *named]))
