"""Files and functions stay small; nothing says where it was made."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "gonogo"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 300, 50


def functions(path: Path) -> list[tuple[str, int]]:
    """Return the name and length of each function, its docstring not counted as code."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno + 1 - len(text.splitlines())
            found.append((f"{path.name}:{node.name}", length))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_file_is_long_and_no_function_either(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert not [(name, length) for name, length in functions(path) if length > MOST_FUNCTION_LINES]


def test_the_usual_file_and_function_are_short() -> None:
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in FILES]
    assert median(lines) <= 120
    assert median(length for path in FILES for _, length in functions(path)) <= 10
