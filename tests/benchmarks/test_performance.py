"""The list of `make bench`: every script is there, and a row without a figure is left empty."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def performance(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("performance")


def test_every_script_is_there_and_writes_its_figures(performance: ModuleType) -> None:
    for script, *_ in performance.BENCHMARKS.values():
        text = (FOLDER / script).read_text(encoding="utf-8")
        assert "--json" in text or "paired.main(" in text, script


def test_scripts_that_are_not_in_the_list_are_named(performance: ModuleType) -> None:
    listed = {script for script, *_ in performance.BENCHMARKS.values()}
    runnable = {
        path.name
        for path in FOLDER.glob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    apart = runnable - listed - {"performance.py"}
    assert {name for name in apart if name not in performance.__doc__} == set()


def test_a_figure_that_was_not_measured_leaves_its_cell_empty(performance: ModuleType) -> None:
    record = {
        "question": "How fast?",
        "command": "python benchmarks/encoding.py",
        "peer": "a peer",
        "figures": {"ratio": 1.5, "MB": 12.0},
        "minutes": 1.0,
        "date": "2026-01-01",
        "hardware": "a machine",
        "peaks": {"fp32": 200.0},
    }
    page = performance.render({"encoding": record})
    assert "| [encoding](#encoding) | 1.50 |  | 12 | a peer | 2026-01-01 |" in page
    assert "peak 200 GFLOP/s fp32" in page
