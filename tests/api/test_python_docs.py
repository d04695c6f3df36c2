"""docs/python.md and the notebook are executed; importing the package costs nothing."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gonogo as gg

DOCS = Path(__file__).parents[2] / "docs"


def execute(cells: list[str]) -> list[Any]:
    """Run code cells one after another, as a kernel does; return the value that each ends with.

    A real kernel (nbclient, nbformat, ipykernel and what they need) would add 107 MB to every
    environment that runs the tests, measured as the site-packages of a new one without pip and
    setuptools (`du -sm`, 2026-11-29, Linux x86-64): more than it shows here. Where one is
    installed, `test_the_notebook_runs_in_a_kernel` asks it.
    """
    names: dict[str, Any] = {"__name__": "notebook"}
    shown = []
    for cell in cells:
        tree = ast.parse(cell)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        shown.append(value)
    return shown


def test_every_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    execute(blocks)
    assert r"\toprule" in Path("table.tex").read_text()


def test_the_page_names_everything_that_is_public() -> None:
    named = set(re.findall(r"`(\w+)`", (DOCS / "python.md").read_text(encoding="utf-8")))
    assert not set(gg.__all__) - named


def test_what_the_page_says_of_a_name_is_there() -> None:
    table = (DOCS / "python.md").read_text(encoding="utf-8").split("## Every name")[1]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    for names, words in rows:
        homes = [getattr(gg, name) for name in re.findall(r"`(\w+)`", names + words)
                 if name in gg.__all__ and isinstance(getattr(gg, name), type)]  # fmt: skip
        for method in set(re.findall(r"`([a-z_]+)`", words)) - set(gg.__all__):
            assert any(hasattr(home, method) for home in homes), f"{names}: {method}"


def test_the_notebook_runs_and_shows_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    book = json.loads((DOCS / "notebooks" / "decide.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    shown = execute(cells)
    cards = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert "<svg" in cards[0]
    assert "Paired differences" in cards[-1]


def test_the_notebook_runs_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path[1:]))
    book = nbformat.read(DOCS / "notebooks" / "decide.ipynb", as_version=4)
    client = nbclient.NotebookClient(book, timeout=120, resources={"metadata": {"path": tmp_path}})
    client.execute()
    shown = [
        output["data"].get("text/html", "")
        for cell in book.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    assert any("<svg" in html for html in shown)
    assert "Paired differences" in shown[-1]


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, gonogo; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert not loaded & {"torch", "polars", "numpy", "pydantic", "scipy", "yaml", "narwhals"}


def test_every_public_name_is_there() -> None:
    assert set(dir(gg)) == set(gg.__all__)
    for name in gg.__all__:
        assert getattr(gg, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gg.nothing  # type: ignore[attr-defined]
