"""Values of Python as a study file would hold them."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gonogo.core.errors import UserError
from gonogo.spec.data.text_data import BeirData
from gonogo.spec.reading.python_values import as_overrides, plain
from gonogo.spec.rule.gates import ImprovementGate


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (Path("a/b"), "a/b"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        ((1, [Path("x")]), [1, ["x"]]),
        (OrderedDict({1: (2,)}), {"1": [2]}),
        ("text", "text"),
        (None, None),
        (True, True),
    ],
)
def test_what_a_study_file_would_hold(value: Any, held: Any) -> None:
    found = plain(value)
    assert found == held
    assert type(found) is type(held)


def test_a_specification_holds_its_kind_and_what_was_set_by_the_files_keys() -> None:
    assert plain(BeirData(folder="x")) == {"kind": "beir", "folder": "x"}
    gate = ImprovementGate(task="embed", candidate="new", baseline="old", pass_=0.1)
    held = plain({"gate": gate})["gate"]
    assert held["pass"] == 0.1
    assert "pass_" not in held
    assert "metric" not in held  # left to layering


def test_overrides_are_texts() -> None:
    assert as_overrides(None) == ()
    assert as_overrides(["a=1", "b.c=x"]) == ("a=1", "b.c=x")
    assert as_overrides({"a.b": np.int64(3), "c": ["x", None]}) == ("a.b=3", 'c=["x", null]')


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_no_file_can_hold_is_named(value: Any) -> None:
    with pytest.raises(UserError, match="cannot stand in a study file") as told:
        as_overrides({"a.b": value})
    assert told.value.place == "set a.b"
    with pytest.raises(UserError, match="is no mapping"):
        as_overrides("a=1")
