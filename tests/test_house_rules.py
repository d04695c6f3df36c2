"""Files and functions stay small; nothing says where it was made."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "gonogo"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES, MOST_FUNCTION_LINES = 300, 50
# Written in brackets so that this file does not hold what it looks for.
OF_THE_MAKER = re.compile(
    r"[/]work[/]|[/]tmp[/]bash|index[-]url|artifactor[y]|nexus[.]"
    r"|https?[:]//(?:localhost|10[.]|192[.]168[.]|[^/\s]*[.](?:internal|local|corp|lan)\b)"
)


def tracked() -> list[Path]:
    """Return the files under version control, and those that would be; none outside a checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return []
    wanted = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(wanted, cwd=ROOT, capture_output=True, check=False)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


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


ECHO = SOURCE / "cli" / "shared" / "echo.py"
"""The one file of the command line that prints."""


def prints(text: str) -> list[str]:
    """Return the ways by which a module writes to a terminal, each with its line."""
    found = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name("print"):
                found.append((node.lineno, "print"))
            case ast.Attribute(ast.Name("typer" | "click"), "echo" | "secho" as name):
                found.append((node.lineno, name))
            case ast.Attribute(ast.Attribute(ast.Name("sys"), "stdout" | "stderr"), "write"):
                found.append((node.lineno, "write"))
            case _:
                pass
    return [f"line {line}: {name}" for line, name in sorted(found)]


def test_the_command_line_prints_by_the_echo_that_escapes() -> None:
    modules = sorted((SOURCE / "cli").rglob("*.py"))
    told = {path.name: prints(path.read_text(encoding="utf-8")) for path in modules}
    assert told.pop(ECHO.name)  # or nothing is looked at
    assert {name: lines for name, lines in told.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    ["print(x)", "say(print)", "typer.echo(x)", "f(say=typer.echo)", "sys.stderr.write(x)"],
)
def test_other_ways_to_print_are_found(text: str) -> None:
    assert len(prints(text)) == 1
    assert prints("echo(x); sys.stderr.close(); self.print(x)") == []


def test_nothing_says_where_it_was_made() -> None:
    files = tracked()
    if not files:
        pytest.skip("no git checkout")
    told = []
    for path in files:
        if path.is_file():
            text = path.read_bytes().decode("utf-8", errors="replace")
            told += [f"{path.name}: {found[0]}" for found in OF_THE_MAKER.finditer(text)]
    assert not told


@pytest.mark.parametrize(
    "text", ["/wor" + "k/main", "--index" + "-url x", "http:" + "//10.0.0.1/simple"]
)
def test_a_trace_is_found(text: str) -> None:
    assert OF_THE_MAKER.search(text)
