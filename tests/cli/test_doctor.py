"""gonogo doctor: what is here and what is missing, optional packages too."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gonogo import __version__
from gonogo.cli.main import app


def test_doctor_tells_what_is_there_and_how_to_get_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "vectors.bin").write_bytes(bytes(3 * 2**20))
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path))
    there = {"usearch", "datasets"}
    monkeypatch.setattr("gonogo.cli.doctor.find_spec", lambda name: name in there or None)
    done = CliRunner().invoke(app, ["doctor"], catch_exceptions=False)
    assert done.exit_code == 0
    facts = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    facts = {name: value.strip() for name, value in facts.items()}
    assert facts["gonogo"] == __version__
    assert facts["cache"] == f"{tmp_path} (3 MB)"
    assert facts["optional usearch"] == facts["optional datasets"] == "installed"
    assert facts["optional ir_datasets"] == "missing: pip install 'gonogo[hub]'"
    assert facts["optional tensorboard"] == "missing: pip install 'gonogo[trackers]'"
    assert {"device", "precision", "torch"} <= facts.keys()
