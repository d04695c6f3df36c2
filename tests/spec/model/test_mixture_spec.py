"""What a mixture may say, and how it is told what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gonogo.spec.model.mixture import Expert, HardRouting, MixtureAdapter, SparsegenRouting
from gonogo.spec.model.model import AdapterSpec


def read(**values: Any) -> Any:
    return TypeAdapter(AdapterSpec).validate_python({"kind": "mixture", **values})


def test_as_a_study_writes_it() -> None:
    adapter = read(
        experts=[
            {"name": "embed", "rank": 8},
            {"name": "rerank", "rank": 8},
            {"name": "shared", "rank": 16},
        ],
        router={"kind": "hard"},
        frozen=["rerank"],
    )
    assert isinstance(adapter, MixtureAdapter)
    assert adapter.total_rank == 32
    assert adapter.router == HardRouting()
    assert read().router == SparsegenRouting()
    assert read().experts == adapter.experts
    assert Expert(name="a", rank=4, alpha=8).scaling == 2


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"experts": [{"name": "a"}, {"name": "a"}]}, "two experts are called 'a'"),
        ({"frozen": ["embd"]}, "frozen: no expert 'embd'.*embed"),
        ({"frozen": ["embed", "rerank", "shared"]}, "at least one expert has to learn"),
        ({"router": {"kind": "hard", "scoring": ["other"]}}, "router.scoring: no expert 'other'"),
        ({"router": {"kind": "hard", "scoring": ["embed"]}}, "'rerank' is used in no pass"),
        ({"router": {"kind": "softmax", "top": 4}}, r"router.top \(4\) is more than .* \(3\)"),
        ({"router": {"kind": "softmax", "balance": "bias"}}, "give top"),
        (
            {"router": {"kind": "similarity", "pilots": {"embed": ["x"]}}},
            "'rerank' is used in no pass",
        ),
        ({"experts": [{"name": "a.b"}]}, "pattern"),
    ],
)
def test_what_it_may_not_say(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        read(**values)
