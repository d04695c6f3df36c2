"""Mutation testing: change one thing in a file, and see whether its tests notice.

    python scripts/mutants.py [--most 60] [--tests PATH ...] [FILE ...]

Without files: those that differ from ``main``. Each mutant is tested by the test files of the
module's name (or, where there are none, by those that import it), in a copy of ``src``, so that the
working tree is never touched. Ends with 1 if a mutant survives.

Why no mutation tool: one mutant is to be run against one small test file, picked by the rule by
which tests mirror ``src`` here; that is this loop and no more.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
SKIPPED = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    line: int
    told: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every change of a file: operators, constants, negations, left-out keywords."""
    tree = ast.parse(source)
    for number, node in enumerate(_code(tree)):
        for change in range(_changes(node)):
            changed = copy.deepcopy(tree)
            target = next(each for place, each in enumerate(_code(changed)) if place == number)
            before = ast.unparse(target)
            _mutate(target, change)
            told = f"{before} -> {ast.unparse(target)}"
            line = getattr(node, "lineno", 0)
            yield Mutant(line, told, ast.unparse(ast.fix_missing_locations(changed)))


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs, in a fixed order: no imports, no annotations of arguments, no docstrings."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") and not isinstance(node, ast.AnnAssign):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, SKIPPED) or _is_typing(child):
                continue
            yield child
            yield from _code(child)


def _is_typing(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _changes(node: ast.AST) -> int:
    """Return in how many ways a node can be changed."""
    match node:
        case ast.Compare(ops=ops):
            return len([op for op in ops if type(op) in SWAPS])
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            return int(type(op) in SWAPS)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return 1
        case ast.Constant(value=bool() | int() | float()):
            return 1
        case ast.Call(keywords=keywords):
            return len(keywords)
        case _:
            return 0


def _mutate(node: ast.AST, change: int) -> None:
    match node:
        case ast.Compare():
            place = [place for place, op in enumerate(node.ops) if type(op) in SWAPS][change]
            node.ops[place] = SWAPS[type(node.ops[place])]()
        case ast.BinOp() | ast.BoolOp():
            node.op = SWAPS[type(node.op)]()
        case ast.UnaryOp(op=ast.Not()):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.UnaryOp():
            node.op = ast.UAdd()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant():
            node.value = node.value + 1
        case ast.Call():
            del node.keywords[change]


def tests_of(file: Path) -> list[Path]:
    """Return the test files of a module's name; those that import it where there are none."""
    inside = file.relative_to(ROOT / "src" / "gonogo")
    folder = ROOT / "tests" / inside.parent
    named = sorted(folder.glob(f"test_{inside.stem}*.py"))
    if named:
        return named
    module = ".".join(["gonogo", *inside.with_suffix("").parts])
    needle = (f"from {module} import", f"import {module}")
    return [
        path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if any(text in path.read_text(encoding="utf-8") for text in needle)
    ]


def changed_files() -> list[Path]:
    """Return the files of the package that differ from main."""
    listed = subprocess.run(
        ["git", "diff", "--name-only", "--diff-filter=d", "main", "--", "src/gonogo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split() if name.endswith(".py")]


def passes(tests: list[Path], source: Path, seconds: float) -> bool:
    """Run tests on a copy of the package; one that takes far too long has noticed as well."""
    paths = [str(path) for path in tests]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *paths]
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def test_file(file: Path, source: Path, most: int | None, tests: list[Path]) -> tuple[int, int]:
    """Print a file's survivors; return how many mutants were killed, and how many survived."""
    name = file.relative_to(ROOT)
    tests = tests or tests_of(file)
    if not tests:
        print(f"{name}: no test imports it")
        return 0, 0
    started = time.monotonic()
    if not passes(tests, source, 600):
        print(f"{name}: its tests fail as it is")
        return 0, 1
    limit = 10 + 3 * (time.monotonic() - started)
    text = file.read_text(encoding="utf-8")
    found = list(mutants(text))
    if most is not None and len(found) > most:  # evenly over the file, the same ones each time
        found = [found[number * len(found) // most] for number in range(most)]
    place = source / file.relative_to(ROOT / "src")
    survived = []
    for mutant in found:
        place.write_text(mutant.source, encoding="utf-8")
        if passes(tests, source, limit):
            survived.append(mutant)
            print(f"{name}:{mutant.line}: {mutant.told}", flush=True)
    place.write_text(text, encoding="utf-8")
    print(f"{name}: {len(found) - len(survived)} killed, {len(survived)} survived", flush=True)
    return len(found) - len(survived), len(survived)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="files or folders of the package")
    parser.add_argument("--most", type=int, help="mutants of a file, evenly over it")
    parser.add_argument("--tests", nargs="*", type=Path, default=[], help="in place of its own")
    options = parser.parse_args()
    files = changed_files()
    if options.files:
        given = [path.resolve() for path in options.files]
        parts = [sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in given]
        files = [file for part in parts for file in part]
    killed = survived = 0
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        for file in files:
            if file.name != "__init__.py":
                counts = test_file(file, source, options.most, options.tests)
                killed, survived = killed + counts[0], survived + counts[1]
    print(f"all: {killed} killed, {survived} survived")
    sys.exit(survived > 0)


if __name__ == "__main__":
    main()
