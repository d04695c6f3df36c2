"""Pydantic's findings as one clear error: file, place, value, nearest valid name."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gonogo.core.errors import UserError, nearest
from gonogo.spec.base import NAME_PATTERN
from gonogo.spec.data.text_data import PACKAGE_PATTERN

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]
_PATTERNS = {
    NAME_PATTERN: "a name: up to 80 letters, digits and . _ + = -, a letter or digit first",
    PACKAGE_PATTERN: "the import name of a package: letters, digits and _",
}


def _real_place(raw: Any, location: Place, *, missing: bool) -> Place:
    """Drop what pydantic puts between the keys of a location, such as the tags of unions.

    Args:
        raw: the mapping that was checked.
        location: pydantic's location of a problem.
        missing: the last part is a key that is not there, but should be.
    """
    place: list[str | int] = []
    tag: Any = None  # entering a block of a union, pydantic names its kind first
    for position, part in enumerate(location):
        if part == tag:
            tag = None
        elif _holds(raw, part):
            raw = raw[part]
            place.append(part)
            tag = raw.get("kind") if isinstance(raw, dict) else None
        elif missing and position == len(location) - 1:
            place.append(part)
    return tuple(place)


def _holds(raw: Any, part: str | int) -> bool:
    if isinstance(raw, dict):
        return part in raw
    return isinstance(raw, list | tuple) and isinstance(part, int) and part < len(raw)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """List the models that an annotation can hold, through unions, tuples and dicts."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, dict, list):
        return [model for part in get_args(annotation) for model in models_in(part)]
    return []


def _models_at(model: type[BaseModel], raw: Any, place: Place) -> list[type[BaseModel]]:
    """Return the models that the value at a place can be, judging by its ``kind``."""
    candidates = [model]
    for part in place:
        raw = raw[part]
        annotations = [
            info.annotation
            for candidate in candidates
            for name, info in candidate.model_fields.items()
            if part in (name, info.alias)
        ]
        candidates = [m for annotation in annotations for m in models_in(annotation)] or candidates
        kind = raw.get("kind") if isinstance(raw, dict) else None
        candidates = [m for m in candidates if tag_of(m) == kind is not None] or candidates
    return candidates


def tag_of(model: type[BaseModel]) -> Any:
    """Return the ``kind`` of a member of a union; None for a model that has none."""
    return model.model_fields["kind"].default if "kind" in model.model_fields else None


def _hint(model: type[BaseModel], raw: Any, place: Place, errors: list[Any]) -> str | None:
    context = errors[0].get("ctx", {})
    match errors[0]["type"]:
        case "extra_forbidden":
            holders = _models_at(model, raw, place[:-1])
            names = {i.alias or n for held in holders for n, i in held.model_fields.items()}
            return nearest(str(place[-1]), names)
        case "union_tag_invalid":
            tags = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
            return nearest(str(context["tag"]), tags)
        case "union_tag_not_found":
            tags = sorted(str(tag_of(found)) for found in _models_at(model, raw, place))
            return f"valid: {', '.join(tags)}"
        case "literal_error":
            return nearest(str(errors[0]["input"]), _choices(errors))
        case "tuple_type" if _short(errors[0]["input"]):
            return f"write [{errors[0]['input']}]"
        case "model_attributes_type" | "model_type" | "dict_type":
            return "write {key: value, ...}"
        case "string_type" if isinstance(errors[0]["input"], bool | int | float | date | None):
            return "text that reads as something else must be quoted"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], f"it must match {context['pattern']}")
        case _:
            return None


def _choices(errors: list[Any]) -> list[str]:
    """Return the values that literals allow, a union of literals being one problem for each."""
    allowed = [e["ctx"]["expected"] for e in errors if e["type"] == "literal_error"]
    return [part.strip("' ") for text in allowed for part in text.replace(" or ", ", ").split(", ")]


def _message(error: Any, place: Place, here: list[Any]) -> str:
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
        case "literal_error" if len(here) > 1:
            return f"{value!r} is not allowed here"
        case _:
            return _wrong_value(error)


def _wrong_value(error: Any) -> str:
    """Say what is wrong with a value, in the words of a study file rather than of Python."""
    value = error["input"]
    shown = repr(value) if _short(value) else "this"
    match error["type"]:
        case "tuple_type":
            return f"{shown} is no list"
        case "too_short":
            count = error["ctx"]["min_length"]
            return f"{shown}: at least {count} entr{'y is' if count == 1 else 'ies are'} needed"
        case "string_pattern_mismatch":
            return f"{shown} is not allowed here"
        case "model_attributes_type" | "model_type" | "dict_type":
            return f"{shown} is no block of keys"
        case _:
            text = str(error["msg"])
            return f"{shown}: {text[0].lower()}{text[1:]}" if _short(value) else text


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
        # a mistyped key is also a missing one; the mistyped one is what the user can see
        first = min(errors, key=lambda error: error["type"] != "extra_forbidden")
        places = [_real_place(raw, e["loc"], missing=e["type"] == "missing") for e in errors]
        place = places[errors.index(first)]
        here = [error for error, at in zip(errors, places, strict=True) if at == place]
        rest = len(set(places)) - 1
        more = f"; {rest} more after this one" if rest else ""
        raise UserError(
            _message(first, place, here) + more,
            file=file,
            place=(locate or dotted)(place) or None,
            value=None if first["type"] == "missing" else first["input"],
            hint=_hint(model, raw, place, here),
        ) from problems


def dotted(place: Place) -> str:
    """Write a place as a study file's reader would: ``arms.joint.tasks[0]``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
