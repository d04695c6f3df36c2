from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from gonogo.study.folder import environment
from gonogo.study.folder.environment import describe_environment, package_versions, processor_name


def test_versions_are_those_installed_and_a_gap_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("numpy", "no-such-package-anywhere"))
    found = package_versions()
    assert found["numpy"] == version("numpy")
    assert found["no-such-package-anywhere"] == "not installed"
    assert next(iter(found)) == "gonogo"


def test_a_description_is_flat_text_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/gonogo", "run", "x", "--tier", "smoke"])
    found = describe_environment(device="cpu", python="mine")
    assert found["command"] == "gonogo run x --tier smoke"
    assert (found["device"], found["python"]) == ("cpu", "mine")  # what is handed in comes last
    assert found["system"].startswith(platform.system())
    assert int(found["cores"]) >= 1
    assert int(found["memory_gb"]) >= 1
    assert all(isinstance(value, str) and "\n" not in value for value in found.values())


def test_memory_is_in_gib_and_the_processor_has_its_own_name() -> None:
    total = psutil.virtual_memory().total
    assert float(describe_environment()["memory_gb"]) == pytest.approx(total / 2**30, abs=0.51)
    info = Path("/proc/cpuinfo")
    named = (
        [line for line in info.read_text().splitlines() if line.startswith("model name")]
        if (info.exists())
        else []
    )
    assert processor_name() == (
        named[0].split(":", 1)[1].strip() if named else platform.processor() or platform.machine()
    )
