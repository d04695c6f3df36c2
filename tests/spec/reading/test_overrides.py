from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.reading.overrides import Layers, parse_override
from gonogo.spec.study import StudyFile, TrialConfig
from gonogo.study.folder.shipped import find_study

KEYS = st.sampled_from("abc")
TREES = st.recursive(
    st.integers(0, 9), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
LAYERS = st.lists(st.dictionaries(KEYS, TREES, max_size=3), min_size=1, max_size=4)


def leaves(tree: Any, at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(tree, dict):
        return {at: tree}
    return {k: v for key, part in tree.items() for k, v in leaves(part, (*at, key)).items()}


@given(LAYERS)
@settings(deadline=None, max_examples=200)
def test_the_last_layer_that_writes_a_leaf_wins(layers: list[dict[str, Any]]) -> None:
    merged, before = Layers(StudyFile), copy.deepcopy(layers)
    for number, layer in enumerate(layers):
        merged.add(layer, f"layer{number}")
    assert layers == before  # what was read is never changed
    for place, value in leaves(layers[-1]).items():
        held: Any = merged.values
        for part in place:
            held = held[part]
        assert held == value
        assert merged.locate(place) == f"layer{len(layers) - 1}." + ".".join(place)
    written = [leaf for layer in layers for leaf in leaves(layer).items()]
    assert set(leaves(merged.values).items()) <= set(written)


@given(LAYERS)
@settings(deadline=None, max_examples=100)
def test_adding_a_layer_twice_changes_nothing(layers: list[dict[str, Any]]) -> None:
    once, twice = Layers(StudyFile), Layers(StudyFile)
    for layer in layers:
        once.add(layer, "")
        twice.add(layer, "")
    twice.add(layers[-1], "")
    assert once.values == twice.values


@given(st.lists(KEYS, min_size=1, max_size=4), st.integers())
@settings(deadline=None, max_examples=50)
def test_a_dotted_key_is_a_nested_layer(parts: list[str], value: int) -> None:
    dotted, nested = Layers(StudyFile), Layers(StudyFile)
    dotted.set(".".join(parts), value, "--set x")
    tree: Any = value
    for part in reversed(parts):
        tree = {part: tree}
    nested.add(tree, "")
    assert dotted.values == nested.values
    assert dotted.locate(tuple(parts)) == "--set x"


def test_a_changed_kind_takes_the_old_keys_and_their_places_with_it() -> None:
    layers = Layers(StudyFile)
    layers.add({"block": {"kind": "a", "x": 1}}, "defaults")
    layers.add({"block": {"y": 2}}, "arms.one")
    assert layers.values == {"block": {"kind": "a", "x": 1, "y": 2}}
    assert layers.locate(("block",)) == "defaults.block, arms.one.block.y"
    layers.add({"block": {"kind": "b"}}, "arms.two")
    assert layers.values == {"block": {"kind": "b"}}
    assert layers.locate(("block", "x")) == "arms.two.block.x"


def test_values_of_overrides_are_yaml() -> None:
    assert parse_override("a.b=1e-4") == ("a.b", 1e-4)
    assert parse_override("a = [x, 2, null]") == ("a", ["x", 2, None])
    assert parse_override("a=b=c") == ("a", "b=c")
    assert parse_override("a=") == ("a", None)


def test_a_block_without_kind_is_of_the_default_kind() -> None:
    layers = Layers(TrialConfig)
    layers.add({"model": {"backbone": "x"}, "tasks": {"rank": {"kind": "relevance"}}}, "defaults")
    layers.set("model.adapter.rank", 8, "--set")
    layers.set("tasks.rank.negatives.ranks", [1, 50], "--set")
    assert layers.values["model"]["adapter"] == {"kind": "lora", "rank": 8}
    negatives = layers.values["tasks"]["rank"]["negatives"]
    assert negatives == {"kind": "bm25", "count": [5, 7], "ranks": [1, 50]}
    # Its kind is known from then on: another one replaces the whole block.
    layers.set("model.adapter", {"kind": "full"}, "--set")
    layers.set("tasks.rank.negatives", {"kind": "random"}, "--set")
    assert layers.values["model"]["adapter"] == {"kind": "full"}
    assert layers.values["tasks"]["rank"]["negatives"] == {"kind": "random"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((text, False) for text in ("False", "false", "no", "off", '"False"', "0")),
        *((text, True) for text in ("True", "true", "yes", "on", '"True"', "1")),
    ],
)
def test_a_flag_that_is_said_to_be_false_is_false(text: str, meant: bool) -> None:
    """``bool("False")`` is true: a flag must be read, not converted."""
    study = resolve(find_study("isotropy"), "smoke", (f"training.gradcache={text}",))
    assert {config.training.gradcache for config in study.arms.values()} == {meant}


@pytest.mark.parametrize("text", ["maybe", "2", "", "[false]"])
def test_a_flag_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="gradcache"):
        resolve(find_study("isotropy"), "smoke", (f"training.gradcache={text}",))
