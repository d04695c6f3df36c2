"""Mutants are one change each, on the same lines; those that are listed can still be made."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
changes = pytest.importorskip("mutant_changes", reason="the scripts are not here")
LISTS = ROOT / "scripts" / "mutants.yaml"

SOURCE = '''"""Text 1."""
from x import y

LIMIT: int = 3


@dataclass(frozen=True)
class A:
    """Words."""

    field: int = Field(default=2, ge=1)
    """More than 0."""


def f(a: int, b=1):
    if a in b and not c:
        return [x for x in zip(a, b, strict=True) if x.fine]
    return g(
        a,
        key=1.5 - a,
    )
'''


def test_each_is_one_change_of_what_runs_and_lines_stay() -> None:
    found = changes.mutants(SOURCE, changes.sites(SOURCE))
    assert len({one.source for one in found}) == len(found)
    told = {(one.line, one.told, one.inside) for one in found}
    assert (4, "3 -> 4", False) in told
    assert (11, "Field(default=2, ge=1) -> Field(default=2)", False) in told
    assert (15, "1 -> 2", False) in told  # a default is set when the file is imported
    assert (16, "a in b -> a not in b", True) in told
    assert (16, "not c -> not not c", True) in told
    assert (16, "a in b and (not c) -> a in b or not c", True) in told
    assert (17, "if x.fine -> if not x.fine", True) in told
    assert (18, "g(a, key=1.5 - a) -> g(a)", True) in told
    assert (20, "1.5 - a -> 1.5 + a", True) in told
    assert not [one for one in found if "strict" in one.told or "frozen" in one.told]
    lines = [node.lineno for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.stmt)]
    for one in found:
        tree = ast.parse(one.source)
        if "if x.fine" not in one.told:  # that file is written anew
            assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.stmt)] == lines


def test_a_number_within_a_string_is_changed_where_it_is_computed() -> None:
    source = 'def f(x):\n    return f"{x + 1:>4} of 7"\n'
    found = changes.mutants(source, changes.sites(source))
    results = []
    for one in found:
        names: dict[str, object] = {}
        exec(one.source, names)
        results.append(names["f"](3))  # type: ignore[operator]
    assert sorted(results) == ["   2 of 7", "   5 of 7"]


def test_every_listed_change_can_be_made() -> None:
    lists = yaml.safe_load(LISTS.read_text(encoding="utf-8"))
    for each in lists["named"]:
        text = (ROOT / each["file"]).read_text(encoding="utf-8")
        assert text.count(each["old"]) == 1, each["why"]
        ast.parse(text.replace(each["old"], each["new"]))
        assert all((ROOT / test).is_file() for test in each.get("tests", ()))
    for each in lists["equivalent"]:
        text = (ROOT / each["file"]).read_text(encoding="utf-8")
        told = {one.told for one in changes.mutants(text, changes.sites(text))}
        assert each["told"] in told, each
        assert each["why"]
