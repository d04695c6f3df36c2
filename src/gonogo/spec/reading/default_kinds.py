"""Blocks without a ``kind``: they are of the kind that stands there by default."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from gonogo.spec.reading.problems import models_in, tag_of


def fill_kinds(model: type[BaseModel], raw: dict[str, Any]) -> None:
    """Write into blocks without a ``kind`` what the default of their place sets.

    So ``adapter: {rank: 8}`` is the default adapter with another rank, in every layer.

    Args:
        model: the specification of ``raw``.
        raw: settings, as read; what is of a wrong type is left for the validation to tell.
    """
    for name, field in model.model_fields.items():
        value = raw.get(field.alias or name)
        default = field.default
        if isinstance(value, dict) and isinstance(default, BaseModel) and "kind" not in value:
            kind = {"kind": tag_of(type(default))} if tag_of(type(default)) else {}
            own = default.model_dump(mode="json", by_alias=True, exclude_unset=True)
            value.update({**kind, **own, **value})
        _fill(field.annotation, value)


def _fill(annotation: Any, value: Any) -> None:
    """Go on below a field, through names and lists, to the block that stands there."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(value, list):
        for each in value:
            _fill_block(annotation, each)
    elif get_origin(annotation) is dict and isinstance(value, dict):
        for each in value.values():
            _fill_block(annotation, each)
    else:
        _fill_block(annotation, value)


def _fill_block(annotation: Any, value: Any) -> None:
    models = models_in(annotation)
    if isinstance(value, dict) and models:
        # A union without a default takes its first member where the kind may be left out.
        same = [model for model in models if tag_of(model) == value.get("kind")]
        fill_kinds((same or models)[0], value)
