"""A study file that extends another one says what differs, and nothing twice.

``extends: interference`` starts from a study that comes with the package, ``extends: base.yaml``
from a file beside the one that says so. Blocks are merged key by key, as everywhere in a study
file; an arm, a tier or another entry of a table by name that is set to null is left out.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError, nearest
from gonogo.spec.reading.reading import read_mapping
from gonogo.spec.reading.shipped import shipped_studies

_NAMED = ("arms", "tiers", "experiments", "criteria")
_WHOLE = ("gate", "summary")
"""Blocks that a study has of its own, or takes over as they are: half a rule is none."""


def extended(path: Path, values: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return the layers of a study's values, the oldest first, each with where it was written.

    Args:
        path: the study file.
        values: what it holds.

    Raises:
        UserError: if a study that is extended is missing, or extends itself, or if an entry that
            is left out is not there.
    """
    layers = [(deepcopy(values), "")]
    seen = [path.resolve()]
    while (named := layers[0][0].get("extends")) is not None:
        if not isinstance(layers[0][0].get("study"), str) or "question" not in layers[0][0]:
            hint = "a study that extends another has a name and a question of its own"
            raise UserError("study or question is missing", file=seen[-1], hint=hint)
        base = _find(named, seen[-1])
        if base.resolve() in seen:
            raise UserError(f"{named!r} extends itself", file=seen[-1], place="extends")
        seen.append(base.resolve())
        layers.insert(0, (read_mapping(base), f"extends {base.stem}"))
    for position in range(1, len(layers)):
        _leave_out(layers[:position], layers[position][0], seen[len(layers) - 1 - position])
    return layers


def _find(named: object, file: Path) -> Path:
    shipped = shipped_studies()
    if not isinstance(named, str):
        raise UserError(f"{named!r} is no study", file=file, place="extends", value=named)
    if named in shipped:
        return shipped[named]
    path = file.parent / named
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path
    hint = nearest(named, shipped)
    raise UserError(f"no study {named!r}", file=file, place="extends", value=named, hint=hint)


def _leave_out(before: list[tuple[dict[str, Any], str]], own: dict[str, Any], file: Path) -> None:
    """Take away, from all layers before, what a later one replaces or sets to null."""
    for block in _WHOLE:
        if block in own:
            for layer, _ in before:
                layer.pop(block, None)
    for table in _NAMED:
        named = own.get(table)
        for name in [key for key, value in (named or {}).items() if value is None]:
            place = f"{table}.{name}"
            known = {key for layer, _ in before for key in layer.get(table) or {}}
            if name not in known:
                raise UserError(
                    "nothing to leave out", file=file, place=place, hint=nearest(name, known)
                )
            for layer, _ in (*before, (own, "")):
                (layer.get(table) or {}).pop(name, None)
