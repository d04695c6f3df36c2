"""What a folder of data was made from and holds: sha256 of every file, and the settings.

A manifest holds no time and no host, so that the same data gives the same manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.core.files import read_json, sha256_file, write_json
from gonogo.core.version import __version__
from gonogo.data.weights.weights import file_hash

MANIFEST = "manifest.json"
_FORMAT = 1  # raised when the layout of a data folder changes


def write_manifest(
    folder: Path,
    kind: str,
    *,
    inputs: Mapping[str, Path] | None = None,
    outputs: Iterable[str] = (),
    **facts: Any,
) -> dict[str, Any]:
    """Hash inputs and outputs and write ``manifest.json``.

    Args:
        folder: what the manifest describes.
        kind: of the folder: ``bank``, ``pairs``, ``preflight`` ...
        inputs: files that it was made from, by a name that does not depend on where they lie.
        outputs: names of files inside the folder.
        facts: further entries that JSON can hold, such as settings and counts.

    Returns:
        The manifest.
    """
    manifest = {
        "kind": kind,
        "format": _FORMAT,
        "gonogo": __version__,
        **facts,
        "inputs": {name: sha256_file(path) for name, path in sorted((inputs or {}).items())},
        "outputs": {name: sha256_file(folder / name) for name in sorted(outputs)},
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """Read a folder's manifest.

    Raises:
        UserError: if there is none, or it is of another kind or format.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise UserError(
            f"no {MANIFEST}, so this is no {kind} folder",
            file=folder,
            hint=f"gonogo data {kind} writes one",
        )
    manifest = read_json(file)
    found = manifest.get("kind") if isinstance(manifest, dict) else None
    if found != kind:
        raise UserError(f"describes {found!r}, not a {kind} folder", file=file)
    if manifest.get("format") != _FORMAT:
        raise UserError(
            f"unknown format {manifest.get('format')!r}", file=file, hint="make the folder again"
        )
    return dict(manifest)


def check_replaceable(folder: Path, kind: str) -> None:
    """Refuse to write over anything but a folder of the same kind.

    Raises:
        UserError: if the folder holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    file = folder / MANIFEST
    found = read_json(file) if file.is_file() else {}
    if not (isinstance(found, dict) and found.get("kind") == kind):
        raise UserError(
            f"holds something other than a {kind} folder",
            file=folder,
            hint="choose another `out`",
        )


def changed_files(recorded: Mapping[str, str], files: Mapping[str, Path]) -> list[str]:
    """Return the names of recorded files that are missing or no longer have their sha256.

    A file's hash is remembered by its path, size and time of change, so that opening data for
    training reads it once.
    """
    return [
        name
        for name, digest in recorded.items()
        if name not in files or not files[name].is_file() or file_hash(files[name]) != digest
    ]


def check_files(folder: Path, recorded: Mapping[str, str], files: Mapping[str, Path]) -> None:
    """Refuse data that changed after its manifest was written.

    Raises:
        UserError: naming the files.
    """
    changed = changed_files(recorded, files)
    if changed:
        raise UserError(
            f"{', '.join(changed)} no longer matches what was recorded",
            file=folder / MANIFEST,
            hint="make the data again, or put the recorded files back",
        )
