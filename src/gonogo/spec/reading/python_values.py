"""Values that Python gives, as a study file would hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.spec.base import Spec

Settings = Mapping[str, Any] | Sequence[str]
"""Overrides: keys and their values, or texts as the command line has them."""


def plain(value: object) -> Any:
    """Return a value as a study file would hold it: specifications as their keys."""
    if isinstance(value, Spec):
        # what was left at its default is left to layering, so that tiers and defaults still act
        return plain(_given(value))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    item = getattr(value, "item", None)  # numbers of numpy
    return item() if callable(item) else value


def _given(value: Spec) -> dict[str, Any]:
    """Return what was set, the kind always, by the keys of a study file."""
    fields = type(value).model_fields
    names = [name for name in fields if name in value.model_fields_set or name == "kind"]
    return {fields[name].alias or name: getattr(value, name) for name in names}


def as_overrides(settings: Settings | None) -> tuple[str, ...]:
    """Return overrides as the texts that are frozen with a study.

    Raises:
        UserError: for a single text, or a value that no study file can hold.
    """
    if settings is None:
        return ()
    if isinstance(settings, str):
        raise UserError(
            f"{settings!r} is no mapping", place="set", value=settings, hint='{"a.b": value}'
        )
    if not isinstance(settings, Mapping):
        return tuple(settings)
    return tuple(f"{key}={_written(key, value)}" for key, value in settings.items())


def _written(key: str, value: object) -> str:
    try:
        return json.dumps(plain(value), allow_nan=False)
    except (TypeError, ValueError) as error:
        what = f"{value!r} cannot stand in a study file"
        raise UserError(what, place=f"set {key}", value=value) from error
