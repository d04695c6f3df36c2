"""Floors below the command line name settings; the command line alone says flags."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from gonogo.cli.main import app
from gonogo.cli.shared.flags import FLAGS, FlaggedProgress, told, with_flags
from gonogo.core.errors import UserError

SOURCE = Path(__file__).parents[3] / "src" / "gonogo"

COMMANDS = {"data/preflight/preflight_remedies.py"}
"""What a check advises is a whole command, which nothing but a shell can take."""


def parameters(command: object) -> Iterator[object]:
    """Yield the options and arguments of a verb and of all verbs below it."""
    yield from getattr(command, "params", ())
    for below in getattr(command, "commands", {}).values():
        yield from parameters(below)


def ours() -> set[str]:
    """Return every long flag that the command line takes."""
    found: set[str] = set()
    for parameter in parameters(typer.main.get_command(app)):
        found |= {flag for flag in getattr(parameter, "opts", ()) if flag.startswith("--")}
    return found


def strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the string constants of a module but for its docstrings."""
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and id(node) not in docstrings:
            yield node.lineno, value


def test_no_string_below_the_command_line_says_a_flag() -> None:
    flags = ours()
    assert {"--set", "--only", "--out", "--run-id", "--metric"} <= flags
    said = []
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        if place.startswith("cli/") or place in COMMANDS:
            continue
        for line, text in strings(path.read_text(encoding="utf-8")):
            words = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
            said += [(place, line, word) for word in sorted(words & flags)]
    assert not said


def test_what_the_search_finds() -> None:
    module = (
        'def f():\n    """--set is told here."""\n    raise Error(f"choose another --out {x}")\n'
    )
    assert [text for _, text in strings(module)] == ["choose another --out "]


def test_every_flag_of_the_mapping_exists() -> None:
    assert {flag for flag in FLAGS.values() if flag.startswith("--")} <= ours()
    assert {flag for flag in FLAGS.values() if not flag.startswith("--")} == {"STUDY"}


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("'x' matches no trial", place="only"), "--only: 'x' matches no trial"),
        (UserError("not here", place="run_id a b"), "--run-id a b: not here"),
        (UserError("no word", place="only.x"), "only.x: no word"),
        (
            UserError("is full", file="a", hint="choose another `out`, or `force`; not `odd`"),
            "a: is full (choose another --out, or --force; not `odd`)",
        ),
        (
            UserError("no key", file="s.yaml", place="gate, set gate.pass"),
            "s.yaml: gate, --set gate.pass: no key",
        ),
        (UserError("no column", file="s.csv", place="only"), "s.csv: only: no column"),
        (UserError("'q': no study", place="study", value="q"), "STUDY: 'q': no study"),
    ],
)
def test_the_command_line_says_flags(error: UserError, line: str) -> None:
    assert str(told(error)) == line
    assert told(error).value == error.value


def test_progress_says_flags() -> None:
    lines: list[str] = []

    class Lines:
        def bar(self, label: str, total: int, *, done: int = 0) -> object:
            return label, total, done

        def say(self, message: str) -> None:
            lines.append(message)

    progress = FlaggedProgress(Lines())  # type: ignore[arg-type]
    progress.say("`queries_are_documents` leaves it out")
    assert lines == ["--queries-are-documents leaves it out"]
    assert progress.bar("sets", 3, done=1) == ("sets", 3, 1)
    assert with_flags("`set`") == "--set"
