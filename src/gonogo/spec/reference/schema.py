"""The JSON schema of study files, for editors."""

from __future__ import annotations

from typing import Any

from gonogo.spec.study import StudyFile, TrialConfig


def _without_required(value: Any) -> Any:
    """Make every key optional: defaults and arms hold parts of a configuration."""
    if isinstance(value, dict):
        return {key: _without_required(part) for key, part in value.items() if key != "required"}
    if isinstance(value, list):
        return [_without_required(part) for part in value]
    return value


def _or_null(entry: Any, key: str) -> Any:
    if key == "patternProperties":
        return {pattern: _or_null(part, "") for pattern, part in entry.items()}
    return {"anyOf": [entry, {"type": "null"}]}


def study_schema() -> dict[str, Any]:
    """Return the JSON schema of a study file, blocks of partial settings included."""
    schema = StudyFile.model_json_schema(by_alias=True)
    trial = TrialConfig.model_json_schema(by_alias=True)
    partial = _without_required(trial.pop("$defs"))
    whole = schema.setdefault("$defs", {})
    whole.update({name: part for name, part in partial.items() if name not in whole})
    settings = _without_required(trial)
    arm = {**settings, "properties": dict(settings["properties"])}
    names = {"type": "array", "items": {"type": "string"}}
    arm["properties"]["tasks"] = {"anyOf": [names, settings["properties"]["tasks"]]}
    choices = {"type": ["array", "object"], "minItems": 1, "minProperties": 1}
    arm["properties"]["grid"] = {"type": "object", "additionalProperties": choices}
    properties = schema["properties"]
    properties["defaults"] = settings
    properties["arms"]["additionalProperties"] = arm
    properties["evaluation"] = settings["properties"]["evaluation"]
    for table in ("arms", "tiers", "experiments", "criteria"):
        # names have a pattern; an entry that is null leaves out the one of an extended study
        by_name = {"additionalProperties", "patternProperties"} & set(properties[table])
        for key in by_name:
            properties[table][key] = _or_null(properties[table][key], key)
    needed = schema.pop("required")
    schema["anyOf"] = [{"required": needed}, {"required": ["study", "question", "extends"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
