"""gonogo doctor: what is here and what is missing, optional packages too."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gonogo import __version__
from gonogo.cli.main import app


@pytest.mark.train
def test_doctor_tells_what_is_there_and_how_to_get_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "vectors.bin").write_bytes(bytes(3 * 2**20))
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path))
    absent = {"ir_datasets", "tensorboard"}
    monkeypatch.setattr("gonogo.core.extras.is_installed", lambda name: name not in absent)
    done = CliRunner().invoke(app, ["doctor"], catch_exceptions=False)
    assert done.exit_code == 0
    facts = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    facts = {name: value.strip() for name, value in facts.items()}
    assert facts["gonogo"] == __version__
    assert facts["cache"] == f"{tmp_path} (3 MB)"
    assert facts["extra train"] == facts["extra ann"] == "installed"
    assert facts["extra hub"] == "missing ir-datasets: pip install 'gonogo[hub]'"
    assert facts["extra trackers"] == "missing tensorboard: pip install 'gonogo[trackers]'"
    assert {"device", "precision", "torch"} <= facts.keys()


def test_without_training_it_looks_at_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gonogo.core.extras.is_installed", lambda name: name != "torch")
    done = CliRunner().invoke(app, ["doctor"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "missing torch: pip install 'gonogo[train]'" in done.stdout
    assert "none that trains" in done.stdout
