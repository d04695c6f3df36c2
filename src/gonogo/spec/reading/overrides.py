"""Merge layers of settings and remember who wrote what: defaults < arm < tier < overrides."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from gonogo.core.errors import UserError
from gonogo.spec.reading.default_kinds import fill_kinds
from gonogo.spec.reading.problems import Place, dotted
from gonogo.spec.reading.reading import parse_yaml


class Layers:
    """Settings merged from several places; the later layer wins.

    A block whose ``kind`` changes is replaced as a whole, since its other keys belong to the
    old kind; every other block is merged key by key. A block without a ``kind`` is of the kind
    that stands there by default.

    Args:
        spec: the specification of the settings, whose defaults fill in kinds.
    """

    def __init__(self, spec: type[BaseModel]) -> None:
        self._spec = spec
        self.values: dict[str, Any] = {}
        self._origin: dict[Place, str] = {}

    def add(self, layer: dict[str, Any], origin: str) -> None:
        """Merge a nested mapping that was written at ``origin``."""
        self._merge(self.values, layer, (), origin)
        fill_kinds(self._spec, self.values)

    def set(self, key: str, value: Any, origin: str) -> None:
        """Set one dotted key that was written at ``origin``."""
        parts = key.split(".")
        layer: Any = value
        for part in reversed(parts):
            layer = {part: layer}
        self._merge(self.values, layer, (), origin, whole=len(parts))
        fill_kinds(self._spec, self.values)

    def locate(self, place: Place) -> str:
        """Return where the value at ``place`` was written; a block can come from several places."""
        for length in range(len(place), 0, -1):
            origin = self._origin.get(place[:length])
            if origin is not None:
                rest = dotted(place[length:])
                joint = "" if rest.startswith("[") or not rest else "."
                return ", ".join([f"{origin}{joint}{rest}", *self._written_inside(place, origin)])
        return dotted(place)

    def _written_inside(self, place: Place, origin: str) -> list[str]:
        """List later layers that wrote into the block at ``place``."""
        inside = [at for key, at in self._origin.items() if key[: len(place)] == place]
        return list(dict.fromkeys(at for at in inside if not at.startswith(origin)))

    def _merge(
        self, into: dict[str, Any], layer: dict[str, Any], at: Place, origin: str, whole: int = 0
    ) -> None:
        for key, value in layer.items():
            place = (*at, key)
            here = origin if whole else f"{origin}.{key}" if origin else key
            old = into.get(key)
            if isinstance(value, dict) and isinstance(old, dict) and _same_kind(old, value):
                self._origin.setdefault(place, here)
                self._merge(old, value, place, here, max(0, whole - 1))
                continue
            for stale in [key for key in self._origin if key[: len(place)] == place]:
                del self._origin[stale]
            self._origin[place] = here
            if isinstance(value, dict):
                into[key] = {}
                self._merge(into[key], value, place, here, max(0, whole - 1))
            else:
                into[key] = value


def _same_kind(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return "kind" not in new or old.get("kind", new["kind"]) == new["kind"]


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``a.b.c=value``; the value is read as YAML.

    Raises:
        UserError: if there is no ``=`` or no key.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"{text!r} is not an override", place="set", hint="write key.path=value")
    return key.strip(), parse_yaml(value, f"set {key.strip()}")
