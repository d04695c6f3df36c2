"""Read YAML safely and strictly: YAML 1.2's scalars, no tags, no key twice, no loops.

PyYAML reads YAML 1.1, where ``0100`` is 64, ``1:30`` is 90 and ``yes`` is true. Here words are
words (a field that wants a truth value still takes ``on``, ``off``, ``yes`` and ``no``), and a
number with a leading zero is refused: YAML 1.1 and 1.2 read it differently.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from gonogo.core.errors import UserError

DEEPEST = 64
"""Levels of nesting; no study has a quarter of it."""
LARGEST = 1_000_000
"""Values of a document with its anchors written out."""

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d*(?:_\d+)*)|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(
    r"[-+]?(?:(?:\.\d+|(?:0|[1-9]\d*(?:_\d+)*)(?:\.\d*)?)(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF))"
    r"|\.(?:nan|NaN|NAN)"
)
_AMBIGUOUS = re.compile(r"[-+]?0[\d_]+(?:\.\d*)?(?:[eE][-+]?\d+)?")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's scalars and without silent duplicate keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing a key that stands twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == f"{_TAG}merge":
                continue  # "<<" has no value of its own; super() merges what it names
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                _refuse(f"the key {key!r} is not text; quote it", key_node)
            if key in seen:
                _refuse(f"the key {key!r} stands twice", key_node)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> int:
        """Build an integer of at most 64 bits."""
        text = node.value.replace("_", "")
        value = int(text, 0) if len(text) <= 24 else 2**63
        if not -(2**63) <= value < 2**63:
            _refuse(f"{_shown(text)} is no number of 64 bits", node)
        return value

    def construct_decimal(self, node: yaml.ScalarNode) -> float:
        """Build a float."""
        text = node.value.replace("_", "").lower()
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))

    def refuse_ambiguous(self, node: yaml.ScalarNode) -> None:
        """Refuse a number with a leading zero."""
        _refuse(
            f"{_shown(node.value)} starts with a zero; write it without, or quote it if it is text",
            node,
        )


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _refuse(problem: str, node: yaml.Node) -> NoReturn:
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


for _name, _pattern, _first in (
    ("null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")),
    ("merge", re.compile(r"<<"), ["<"]),
    ("number", re.compile(f"(?:{_INTEGER.pattern})$"), list("-+0123456789")),
    ("decimal", re.compile(f"(?:{_FLOAT.pattern})$"), list("-+.0123456789")),
    ("ambiguous", re.compile(f"(?:{_AMBIGUOUS.pattern})$"), list("-+0")),
    ("timestamp", re.compile(r"\d{4}-\d\d?-\d\d?$"), list("0123456789")),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern.pattern})$"), _first)
_Loader.add_constructor(f"{_TAG}number", _Loader.construct_number)
_Loader.add_constructor(f"{_TAG}decimal", _Loader.construct_decimal)
_Loader.add_constructor(f"{_TAG}ambiguous", _Loader.refuse_ambiguous)


def parse_yaml(text: str, file: object) -> Any:
    """Parse one YAML document.

    Raises:
        UserError: naming the line, for anything that is not plain YAML, or is nested deeper than
            ``DEEPEST``, loops, or holds more than ``LARGEST`` values.
    """
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506  (a subclass of SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise UserError(
            str(error.problem or error),
            file=file,
            place=f"line {mark.line + 1}" if mark else None,
        ) from error
    except RecursionError as error:
        raise UserError(f"nested deeper than {DEEPEST} levels", file=file) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-02-30
        raise UserError(f"not YAML: {error}", file=file) from error
    if _size(value, {}, 0, file) > LARGEST:
        raise UserError(f"more than {LARGEST:,} values, anchors written out", file=file)
    return value


def _size(value: Any, known: dict[int, int], depth: int, file: object) -> int:
    """Count the values of a document as if each alias were written out."""
    if not isinstance(value, dict | list):
        return 1
    if depth > DEEPEST:
        raise UserError(f"nested deeper than {DEEPEST} levels", file=file)
    size = known.get(id(value))
    if size is None:
        known[id(value)] = -1
        parts = value.values() if isinstance(value, dict) else value
        size = known[id(value)] = 1 + sum(_size(part, known, depth + 1, file) for part in parts)
    elif size < 0:
        raise UserError("an anchor holds itself", file=file)
    return size


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises:
        UserError: if the file is missing, unreadable, empty or something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", file=path) from error
    value = parse_yaml(text, path)
    if not isinstance(value, dict):
        raise UserError(f"expected a mapping of keys, found {type(value).__name__}", file=path)
    return value
