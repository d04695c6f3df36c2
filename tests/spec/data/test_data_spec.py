from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gonogo.spec.data.text_data import DataSpec

ADAPTER: TypeAdapter[DataSpec] = TypeAdapter(DataSpec)


@pytest.mark.parametrize(
    ("short", "kind", "name"),
    [
        ("python-api/numpy", "python_api", "python-api/numpy"),
        ("hub:BeIR/scifact", "hub", "BeIR/scifact"),
        ("ir:beir/scifact", "ir_datasets", "beir/scifact"),
        ("../shared/scifact", "beir", "scifact"),
        ("beir/cqadupstack/english", "beir", "cqadupstack/english"),
    ],
)
def test_short_forms(short: str, kind: str, name: str) -> None:
    spec = ADAPTER.validate_python(short)
    assert (spec.kind, spec.name) == (kind, name)
    assert ADAPTER.validate_python(spec.model_dump()) == spec


def test_names_tell_configurations_apart_and_hide_local_folders() -> None:
    block = {"kind": "hub", "repo": "st/msmarco", "format": "triplets", "config": "triplet"}
    assert ADAPTER.validate_python(block).name == "st/msmarco/triplet"
    assert ADAPTER.validate_python("hub:/home/me/data/toy").name == "toy"


@pytest.mark.parametrize(
    "block",
    [
        {"kind": "hub", "repo": "a/b", "limit": 5},
        {"kind": "hub", "repo": "a/b", "config": "x"},
        {"kind": "hub", "repo": "a/b", "texts_repo": "c/d"},
        {"kind": "hub", "repo": "a/b", "format": "triplets", "qrels_repo": "c/d"},
        {"kind": "python_api", "package": "a.b"},
        {"kind": "python_api", "package": "numpy", "queries_are_documents": True},
        {"kind": "beir", "folder": "x", "split": "validation"},
        {"kind": "python_api", "package": "../etc"},
    ],
)
def test_contradictions_are_refused(block: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(block)
