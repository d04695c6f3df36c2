"""The peak: only of formats that the device multiplies itself, and told as it is."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peak(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("peak")


@pytest.fixture
def emulating(peak: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module on a processor that multiplies fp32 and int8 alone, as older ones do."""
    here = lambda: ("fp32", "int8")  # noqa: E731
    monkeypatch.setattr("gonogo.evaluation.search.search_products.formats_here", here)

    def gflops(form: str, size: int, device: str) -> float:
        if form != "fp32":
            pytest.fail(f"{form} was measured")
        return size / 10

    monkeypatch.setattr(peak, "peak_gflops", gflops)
    return peak


def test_a_format_that_is_emulated_is_not_measured(emulating: ModuleType) -> None:
    assert emulating.formats("cpu") == ("fp32",)
    assert emulating.fastest_here() == "fp32"
    assert emulating.peaks("cpu") == {"fp32": 409.6}
    line = emulating.describe(emulating.peaks("cpu"))
    assert "peak 410 GFLOP/s fp32, – bf16;" in line


def test_its_row_of_the_table_is_a_dash(
    emulating: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peak.py"])
    emulating.main()
    printed = capsys.readouterr().out
    assert "| fp32, GFLOP/s | 102 | 205 | 410 |" in printed
    assert "| bf16, GFLOP/s | – | – | – |" in printed


def test_a_contender_in_such_a_format_has_no_fraction_of_a_peak(emulating: ModuleType) -> None:
    paired = importlib.import_module("paired")
    measured = emulating.peaks("cpu")
    rates = [
        paired._rates(paired.Work(4.096e12, form), 20.0, measured, "cpu")
        for form in ("fp32", "bf16")
    ]
    assert rates[0]["fraction of peak"] == pytest.approx(0.5)
    assert "fraction of peak" not in rates[1]


def test_the_fastest_format_is_the_last_of_those_in_hardware(
    peak: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = lambda: ("fp32", "bf16", "int8")  # noqa: E731
    monkeypatch.setattr("gonogo.evaluation.search.search_products.formats_here", here)
    assert peak.formats("cpu") == ("fp32", "bf16")
    assert peak.fastest_here() == "bf16"
