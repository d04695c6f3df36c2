from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gonogo.core.errors import UserError
from gonogo.spec.reading.grids import expand_grids

FILE = Path("toy.yaml")


def expanded(arms: dict[str, Any]) -> dict[str, Any]:
    values = {"arms": arms}
    expand_grids(values, FILE)
    return values["arms"]


def test_one_key_names_its_values() -> None:
    arms = expanded(
        {
            "emb": {"tasks": ["embed"], "grid": {"model.adapter.rank": [1, 0.5, True, "auto"]}},
            "other": {"tasks": ["rerank"]},
        }
    )
    assert list(arms) == ["emb_rank_1", "emb_rank_0.5", "emb_rank_true", "emb_rank_auto", "other"]
    assert arms["emb_rank_1"] == {"tasks": ["embed"], "model": {"adapter": {"rank": 1}}}
    assert arms["emb_rank_true"]["model"]["adapter"]["rank"] is True
    assert arms["other"] == {"tasks": ["rerank"]}


def test_several_keys_make_all_combinations_that_share_nothing() -> None:
    own = {"model": {"adapter": {"dropout": 0.0}}}
    grid = {"model.adapter.rank": [1, 2], "training.epochs": [3, 4]}
    arms = expanded({"a": {**own, "grid": grid}})
    assert list(arms) == [f"a_rank_{r}_epochs_{e}" for r in (1, 2) for e in (3, 4)]
    assert arms["a_rank_2_epochs_3"] == {
        "model": {"adapter": {"dropout": 0.0, "rank": 2}},
        "training": {"epochs": 3},
    }
    arms["a_rank_1_epochs_3"]["model"]["adapter"]["rank"] = 9
    assert arms["a_rank_1_epochs_4"]["model"]["adapter"]["rank"] == 1
    assert own == {"model": {"adapter": {"dropout": 0.0}}}


def test_lists_and_blocks_are_named() -> None:
    two = [{"name": "a"}, {"name": "b"}]
    arms = expanded({"moe": {"grid": {"model.adapter.experts": {"two": two, "none": None}}}})
    assert arms["moe_two"]["model"]["adapter"]["experts"] == two
    assert arms["moe_none"]["model"]["adapter"]["experts"] is None


@pytest.mark.parametrize(
    ("arms", "problem"),
    [
        ({"a": {"grid": {}}}, r"toy\.yaml: arms\.a\.grid: no keys"),
        ({"a": {"grid": [1]}}, r"arms\.a\.grid: no keys"),
        ({"a": {"grid": {"x.y": []}}}, r"arms\.a\.grid\.x\.y: no values"),
        ({"a": {"grid": {"x.y": 3}}}, r"arms\.a\.grid\.x\.y: no values"),
        ({"a": {"grid": {"x": [[1]]}}}, r"arms\.a\.grid\.x: \[1\] names no arm .*name"),
        ({"a": {"x": 1, "grid": {"x.y": [1]}}}, r"'x' is no block"),
        ({"a": {"grid": {"x": [1]}}, "a_x_1": {}}, r"arms\.a_x_1: two arms of this name"),
        ({"a": {"grid": {"x": list(range(40)), "y": list(range(40))}}}, r"more than 1,000 arms"),
    ],
)
def test_what_is_no_grid_is_one_line(arms: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        expanded(arms)


def test_values_without_arms_are_left_to_the_study_file() -> None:
    for values in ({}, {"arms": [1]}, {"arms": {"a": None}}):
        before = dict(values)
        expand_grids(values, FILE)
        assert values == before
