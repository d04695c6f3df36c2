"""A member added to a union is named by the type checker wherever the union is taken apart."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args, get_origin

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gonogo"

ASKED = ("AdapterSpec", "RouterSpec", "ScoringSpec", "ProjectionSpec")
"""Unions whose members an object answers for: one match builds it, nobody else looks."""

CLOSED = (
    *ASKED,
    "ContextSpec",
    "DataSpec",
    "EmbeddingObjective",
    "EvaluationTask",
    "GateSpec",
    "ModelSpec",
    "MonitorSpec",
    "Reference",
    "ReferenceSpec",
    "RegulariserSpec",
    "RouterSpec",
    "ScheduleSpec",
    "ScoreObjective",
    "TaskSpec",
)

PARTS = {"training/text/text_tasks.py"}
"""What takes apart a smaller union (here TextTask), whose members are in a large one too."""


def homes() -> dict[str, str]:
    """Return the module of each union, wherever it has moved to."""
    found = {}
    for path in sorted((SOURCE / "spec").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in CLOSED:
                [name] = names_in(node.targets[0])
                found[name] = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    return found


def members(union: str) -> set[str]:
    """Return the names of a union's members."""
    held = getattr(importlib.import_module(homes()[union]), union)
    while get_origin(held) is Annotated:
        held = get_args(held)[0]
    return {member.__name__ for member in get_args(held)}


def names_in(node: ast.AST) -> set[str]:
    """Return the last part of every name below a node."""
    plain = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return plain | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def taken_apart(wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the file of each match and each isinstance on one of these classes, and which it is."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = str(path.relative_to(SOURCE))
        text = path.read_text(encoding="utf-8")
        if not any(name in text for name in wanted):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Match):
                classes = [p.cls for p in ast.walk(node) if isinstance(p, ast.MatchClass)]
                if any(names_in(found) & wanted for found in classes):
                    yield place, "match"
            elif (
                isinstance(node, ast.Call)
                and names_in(node.func) == {"isinstance"}
                and names_in(node.args[1]) & wanted
            ):
                yield place, "isinstance"


@pytest.mark.parametrize("union", ASKED)
def test_one_match_takes_a_union_apart_and_nobody_else(union: str) -> None:
    assert len(list(taken_apart(members(union)))) == 1
    [(_, how)] = taken_apart(members(union))
    assert how == "match"


def with_a_dummy(union: str, text: str) -> str:
    """Return a module whose union has one more member."""
    pattern = rf"(?m)^({union} = Annotated\[\s*(?:Annotated\[)?\s*)"
    added = f"class Dummy{union}(Spec):\n    kind: Literal['dummy'] = 'dummy'\n\n\n"
    changed, count = re.subn(pattern, rf"{added}\1Dummy{union} | ", text)
    assert count == 1
    return changed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_type_checker_names_every_place(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api")
    known = ROOT / ".mypy_cache"
    if known.is_dir():
        shutil.copytree(known, tmp_path / "cache")
    shadows: list[str] = []
    texts: dict[str, str] = {}
    for union, module in homes().items():
        path = f"src/{module.replace('.', '/')}.py"
        texts[path] = with_a_dummy(
            union, texts.get(path) or (ROOT / path).read_text(encoding="utf-8")
        )
    for number, (path, text) in enumerate(texts.items()):
        shadow = tmp_path / f"shadow_{number}.py"
        shadow.write_text(text, encoding="utf-8")
        shadows += ["--shadow-file", str(ROOT / path), str(shadow)]
    files = [str(ROOT / "src"), "--config-file", str(ROOT / "pyproject.toml")]
    out, problems, _ = api.run([*files, "--cache-dir", str(tmp_path / "cache"), *shadows])
    assert not problems
    named = {
        (found[1], found[2])
        for found in re.finditer(r"src/gonogo/([\w/]+\.py):\d+: error: .*?(Dummy\w+)", out)
    }
    unnamed = sorted(
        (union, place)
        for union in homes()
        for place, how in taken_apart(members(union))
        if how == "match" and place not in PARTS and (place, f"Dummy{union}") not in named
    )
    assert not unnamed, out
