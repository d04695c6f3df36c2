"""The monitors that the two-tower study states, for tests of what they say."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import TypeAdapter

from gonogo.spec.monitors import MonitorSpec
from gonogo.spec.next_vector.postmortem import PostmortemSpec


@cache
def _defaults() -> dict[str, Any]:
    text = (files("gonogo") / "studies" / "two_tower.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["defaults"]
    return found


def monitor(name: str, **changes: Any) -> dict[str, Any]:
    """Return a monitor of the study as it is written there, with changes."""
    (found,) = [one for one in _defaults()["monitors"] if one["name"] == name]
    return found | changes


def monitor_spec(name: str, **changes: Any) -> Any:
    """Return it as the program reads it."""
    return TypeAdapter(MonitorSpec).validate_python(monitor(name, **changes))


def words_of_the_log() -> dict[str, str]:
    """Return what the study calls figures in ``training.log``."""
    found: dict[str, str] = _defaults()["training"]["validation"]["line"]
    return found


def postmortem_settings() -> dict[str, Any]:
    """Return what the study compares a trained tower with, as it is written there."""
    return dict(_defaults()["postmortem"])


def postmortem_spec() -> PostmortemSpec:
    """Return it as the program reads it."""
    return PostmortemSpec.model_validate(postmortem_settings())
