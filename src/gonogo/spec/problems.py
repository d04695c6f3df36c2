"""Pydantic's findings as one clear error: file, place, value, nearest valid name."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gonogo.core.errors import UserError, nearest

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


def _real_place(raw: Any, location: Place) -> Place:
    """Drop the union tags that pydantic puts between the keys of a location."""
    place: list[str | int] = []
    for position, part in enumerate(location):
        inside = isinstance(raw, dict) and part in raw
        if inside or (isinstance(raw, list | tuple) and isinstance(part, int)):
            raw = raw[part]
            place.append(part)
        elif position == len(location) - 1 and isinstance(raw, dict) and isinstance(part, str):
            place.append(part)
    return tuple(place)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """List the models that an annotation can hold, through unions, tuples and dicts."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, dict, list):
        return [model for part in get_args(annotation) for model in _models(part)]
    return []


def _names_at(model: type[BaseModel], raw: Any, place: Place) -> set[str]:
    """Return the keys allowed in the mapping that holds ``place``'s last part."""
    candidates = [model]
    for part in place[:-1]:
        raw = raw[part]
        fields = [
            info.annotation
            for candidate in candidates
            for name, info in candidate.model_fields.items()
            if part in (name, info.alias)
        ]
        found = [m for annotation in fields for m in _models(annotation)]
        kind = raw.get("kind") if isinstance(raw, dict) else None
        narrowed = [m for m in found if kind is not None and _tag(m) == kind]
        candidates = narrowed or found or candidates
    return {info.alias or name for c in candidates for name, info in c.model_fields.items()}


def _tag(model: type[BaseModel]) -> Any:
    return model.model_fields["kind"].default if "kind" in model.model_fields else None


def _hint(model: type[BaseModel], raw: Any, place: Place, error: Any) -> str | None:
    if error["type"] == "extra_forbidden":
        return nearest(str(place[-1]), _names_at(model, raw, place))
    context = error.get("ctx", {})
    if error["type"] == "union_tag_invalid":
        tags = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
        return nearest(str(context["tag"]), tags)
    if error["type"] == "literal_error":
        values = str(context["expected"]).replace(" or ", ", ").split(", ")
        return nearest(str(error["input"]), [value.strip("' ") for value in values])
    return None


def _message(error: Any, place: Place) -> str:
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {place[-1]!r}"
        case "missing":
            return "this key is missing"
        case "union_tag_invalid":
            return f"unknown kind {error['ctx']['tag']!r}"
        case "union_tag_not_found":
            return "the key 'kind' is missing"
        case "value_error":
            return str(error["ctx"]["error"])
    text = str(error["msg"])
    return f"{value!r}: {text[0].lower()}{text[1:]}" if _short(value) else text


def _short(value: Any) -> bool:
    return len(repr(value)) <= 80


def validate(
    model: type[Model],
    raw: dict[str, Any],
    file: object,
    locate: Callable[[Place], str] | None = None,
) -> Model:
    """Build a model from a mapping.

    Args:
        model: the specification.
        raw: the mapping, as read.
        file: named in the error.
        locate: turns a place in ``raw`` into the place that the user wrote.

    Raises:
        UserError: for the first thing that is wrong, with the number of further ones.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as problems:
        errors = problems.errors(include_url=False)
        first = errors[0]
        place = _real_place(raw, first["loc"])
        more = f"; {len(errors) - 1} more after this one" if len(errors) > 1 else ""
        raise UserError(
            _message(first, place) + more,
            file=file,
            place=(locate or dotted)(place) or None,
            hint=_hint(model, raw, place, first),
        ) from problems


def dotted(place: Place) -> str:
    """Write a place as a study file's reader would: ``arms.joint.tasks[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
