"""The reference of study files, in Markdown, written from the specifications themselves."""

from __future__ import annotations

import re
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gonogo.spec.study import StudyFile, TierSpec, TrialConfig

_INTRODUCTION = """\
# Study files

A study file is YAML. Its settings are layered: `defaults` < arm < tier < overrides
(`a.b.c=value`); the later one wins, key by key. A block whose `kind` changes is replaced as a
whole; one without a `kind` is the default block with these keys changed. Unknown keys,
contradictions and impossible values are errors that name the file, the place and the nearest valid
name. `gonogo schema` prints the same as a JSON schema for editors.

Places of settings below are relative to `defaults`, to an arm, or to an override.
This page is generated: `python -m gonogo.spec.reference.reference > docs/study-file.md`.
"""

_SHORT_DATA = """\
A data set is written as a block, or short: `python-api/numpy`, `hub:BeIR/scifact`,
`ir:beir/scifact`, or the folder of a BEIR set.
"""


def study_reference() -> str:
    """Return the reference: every key with its type, default and meaning."""
    sections = [
        _INTRODUCTION,
        _section(StudyFile, "The file"),
        _section(TierSpec, "`tiers.<name>`"),
    ]
    sections.append(_section(TrialConfig, "Settings (`defaults` and arms)"))
    done: list[type[BaseModel]] = [StudyFile, TierSpec, TrialConfig]
    for place, model in _blocks(TrialConfig, "") + _blocks(StudyFile, ""):
        if model not in done:
            done.append(model)
            sections.append(_section(model, _title(place, model)))
    return "\n".join(sections)


def _title(place: str, model: type[BaseModel]) -> str:
    kind = model.model_fields["kind"].default if "kind" in model.model_fields else None
    return f"`{place}`" + (f", kind `{kind}`" if kind else "")


def _blocks(model: type[BaseModel], at: str) -> list[tuple[str, type[BaseModel]]]:
    """List the blocks below a model, depth first, each with the place where it stands."""
    found: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        place = f"{at}.{field.alias or name}" if at else field.alias or name
        for below, inner in _models(field.annotation, place):
            found += [(below, inner), *_blocks(inner, below)]
    return found


def _models(annotation: Any, place: str) -> list[tuple[str, type[BaseModel]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(place, annotation)]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return _models(arguments[1], f"{place}.<name>")
    if origin is tuple:
        place += "[]"
    if origin in (Annotated, Union, types.UnionType, tuple, list):
        return [found for argument in arguments for found in _models(argument, place)]
    return []


def _section(model: type[BaseModel], title: str) -> str:
    lines = [f"## {title}", "", _paragraphs(model.__doc__ or ""), ""]
    if any(_is_data(field) for field in model.model_fields.values()):
        lines += [_SHORT_DATA]
    rows = [
        f"| `{field.alias or name}` | {_cell(_type(field.annotation, field))} |"
        f" {_default(field)} | {_cell(field.description or '')} |"
        for name, field in model.model_fields.items()
        if name != "kind"  # it stands in the title
    ]
    if rows:
        lines += ["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _is_data(field: FieldInfo) -> bool:
    return any(model.__name__ == "BeirData" for _, model in _models(field.annotation, ""))


def _paragraphs(text: str) -> str:
    return re.sub(r"``([^`]*)``", r"`\1`", re.sub(r"[ \t]*\n[ \t]+", "\n", text).strip())


def _cell(text: str) -> str:
    return " ".join(_paragraphs(text).split()).replace("|", "\\|")


def _type(annotation: Any, field: FieldInfo | None = None) -> str:
    """Write a type as a reader would say it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0]) + _limits(arguments[1:])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_type, arguments)))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {_type(arguments[0])}" + (_limits(field.metadata) if field else "")
        return "[" + ", ".join(map(_type, arguments)) + "]"
    if origin is dict:
        return "settings" if arguments[1] is Any else f"{_type(arguments[1])} by name"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "block"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    names |= {type(None): "null", Any: "anything"}
    return names.get(annotation, str(annotation)) + (_limits(field.metadata) if field else "")


def _limits(metadata: Any) -> str:
    """Say the bounds that a type's annotations set."""
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    flat = [inner for item in metadata for inner in getattr(item, "metadata", [item])]
    bounds = [
        f"{word} {getattr(item, name):g}"
        for item in flat
        for name, word in words.items()
        if getattr(item, name, None) is not None
    ]
    return f" ({', '.join(bounds)})" if bounds else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined:
        return ""
    if isinstance(value, BaseModel):
        return f"`{value.kind}`" if hasattr(value, "kind") else "its own defaults"
    plain = TypeAdapter(Any).dump_python(value, mode="json", by_alias=True)
    text = yaml.safe_dump(plain, default_flow_style=True, width=10_000, sort_keys=False)
    return f"`{text.removesuffix('...' + chr(10)).strip()}`".replace("|", "\\|")


if __name__ == "__main__":
    print(study_reference(), end="")  # noqa: T201
