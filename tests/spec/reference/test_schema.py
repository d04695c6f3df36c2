from __future__ import annotations

from pathlib import Path

import pytest

import gonogo
from gonogo.spec.checks.resolve import read_study, resolve
from gonogo.spec.reading.reading import read_mapping
from gonogo.spec.reference.schema import study_schema

SHIPPED = sorted((Path(gonogo.__file__).parent / "studies").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_studies_resolve_at_every_tier(path: Path) -> None:
    study = read_study(path)
    for tier in ("full", *study.tiers):
        chosen = study.tiers[tier].arms if tier in study.tiers else None
        assert set(resolve(path, tier).arms) == set(chosen or study.arms)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_shipped_studies_and_refuses_unknown_keys(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema, study = study_schema(), read_mapping(path)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(study, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**study, "sedes": [1]}, schema)


def test_the_schema_is_self_contained() -> None:
    schema = study_schema()
    names = set(schema["$defs"])

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if "$ref" in value else set()
            return own.union(*map(references, value.values()))
        if isinstance(value, list):
            return set().union(*map(references, value))
        return set()

    assert {ref.removeprefix("#/$defs/") for ref in references(schema)} <= names
    assert schema["properties"]["defaults"].get("required") is None
