"""Which test files need ``gonogo[train]``: told by what they import, without importing them.

Where torch is not installed these are left out. All others must pass there: a module that should
be light and is not fails its tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from gonogo.core.extras import EXTRAS

TESTS = Path(__file__).parent
TRAINING = {
    *EXTRAS["train"].values(),
    *(f"gonogo.{floor}" for floor in ("models", "objectives", "training", "evaluation")),
    *(f"gonogo.study.{room}" for room in ("running", "trained", "neighbours")),
    *(f"gonogo.study.next_vector.{name}" for name in ("postmortem", "searching", "trained_tower")),
}
FIXTURES = {"tiny_encoder_folder", "tiny_decoder_folder"}


@cache
def needs_training(path: Path) -> bool:
    """Tell whether a test file, a helper, or a folder's conftest.py imports what trains."""
    if path.is_dir():
        path = path / "conftest.py"
    if path.suffix != ".py" or not path.is_file():
        return False
    return any(_is_training(name) for name in _imports(path))


def _is_training(name: str) -> bool:
    parts = name.split(".")
    if any(".".join(parts[:length]) in TRAINING for length in range(1, len(parts) + 1)):
        return True
    return needs_training(TESTS / f"{parts[0]}.py")


def _imports(path: Path) -> Iterator[str]:
    """Yield what a file imports as it is loaded."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
