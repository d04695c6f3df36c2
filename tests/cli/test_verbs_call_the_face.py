"""Every verb calls what Python has for it; import-linter refuses anything below."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = ROOT / "src" / "gonogo" / "cli"
OWN = {
    "data": "banks, pairs and preflights of vectors are made by verbs alone",
    "doctor": "tells of this machine",
    "isotropy": "Python has no figure of geometry",
    "main": "names the verbs",
    "postmortem": "Python has no post-mortem of query towers",
    "schema": "prints the specification",
    "search": "Python has no cascade over a bank",
}
"""Verbs of which Python has nothing, and why."""


def contract() -> set[str]:
    """Return the verbs that may import nothing but the face."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [found] = [c for c in settings["tool"]["importlinter"]["contracts"] if c["id"] == "verbs"]
    assert found["allow_indirect_imports"] is True
    floors = {"study", "training", "report", "evaluation", "analysis", "models", "objectives"}
    assert {f"gonogo.{floor}" for floor in {*floors, "data", "spec"}} == {
        *found["forbidden_modules"]
    }
    return {name.removeprefix("gonogo.cli.") for name in found["source_modules"]}


def verbs() -> set[str]:
    """Return the names of all modules and packages of the floor."""
    return {path.stem for path in VERBS.iterdir() if path.stem not in ("__init__", "__pycache__")}


def test_every_verb_is_bound_to_the_face_or_has_a_reason() -> None:
    assert contract() | OWN.keys() == verbs()
    assert not contract() & OWN.keys()


@pytest.mark.parametrize("verb", ["compare", "decide"])
def test_the_contract_holds_without_the_tool(verb: str) -> None:
    tree = ast.parse((VERBS / f"{verb}.py").read_text(encoding="utf-8"))
    places = {
        node.module.split(".")[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gonogo.")
    }
    assert places <= {"api", "cli", "core"}
