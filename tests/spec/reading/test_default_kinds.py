"""A block without a kind is of the kind that stands there by default."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from gonogo.spec.base import Spec
from gonogo.spec.reading.default_kinds import fill_kinds


class Small(Spec):
    kind: Literal["small"] = "small"
    rank: int = 1


class Inner(Spec):
    part: Small | None = None


class Large(Spec):
    kind: Literal["large"] = "large"
    rank: int = 2
    alpha: int = 8
    inner: Inner = Inner()


Size = Annotated[Small | Large, Field(discriminator="kind")]


class Whole(Spec):
    size: Size = Large(rank=16)
    named: dict[str, Size] = {}
    listed: tuple[Size, ...] = ()
    other: int = 0


@pytest.mark.parametrize(
    ("raw", "filled"),
    [
        ({"size": {"alpha": 3}}, {"size": {"kind": "large", "rank": 16, "alpha": 3}}),
        ({"size": {"rank": 3}}, {"size": {"kind": "large", "rank": 3}}),
        ({"size": {"kind": "small"}}, {"size": {"kind": "small"}}),
        ({"size": "large"}, {"size": "large"}),
        ({"other": {"a": 1}}, {"other": {"a": 1}}),
        ({"named": {"a": {"rank": 3}}}, {"named": {"a": {"rank": 3}}}),
        ({"named": [1]}, {"named": [1]}),
        ({"unknown": {}}, {"unknown": {}}),
    ],
)
def test_what_is_written_into_a_block(raw: dict[str, Any], filled: dict[str, Any]) -> None:
    fill_kinds(Whole, raw)
    assert raw == filled


class Holder(Spec):
    whole: Whole = Whole()
    named: dict[str, Whole] = {}
    listed: tuple[Whole, ...] = ()


@pytest.mark.parametrize("path", [("whole",), ("named", "a"), ("listed", 0)])
def test_blocks_below_names_and_lists_are_filled_too(path: tuple[Any, ...]) -> None:
    block = {"size": {"rank": 3}}
    raw: dict[str, Any] = {
        "whole": {"whole": block},
        "named": {"named": {"a": block}},
        "listed": {"listed": [block]},
    }[path[0]]
    fill_kinds(Holder, raw)
    assert block == {"size": {"kind": "large", "rank": 3}}
