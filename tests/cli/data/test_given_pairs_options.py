"""Options of another way to come by pairs are refused, not passed over; a device is used."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError


@pytest.mark.parametrize("option", ["--stride=8", "--context=30", "--auto-retry"])
def test_given_pairs_have_no_windows_to_cut(tmp_path: Path, option: str) -> None:
    command = ["data", "pairs", "bank.npy", "--out", str(tmp_path / "p"), "--given", "x.npz"]
    done = CliRunner().invoke(app, [*command, option])
    assert isinstance(done.exception, UserError)
    name = option.partition("=")[0]
    assert str(done.exception) == f"{name}: cuts windows, and --given has none to cut"
    kept = CliRunner().invoke(app, [*command, "--seed", "7"])
    assert "cuts windows" not in str(kept.exception)


def test_a_trials_postmortem_computes_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    asked: list[str] = []

    def measure(trial: Path, *, out: Path, device: str) -> None:
        asked.append(device)
        raise UserError("stop here")

    monkeypatch.setattr(import_module("gonogo.study.next_vector.postmortem"), "postmortem", measure)
    CliRunner().invoke(app, ["postmortem", str(tmp_path), "--device", "cpu"])
    none = CliRunner().invoke(app, ["postmortem", str(tmp_path), "--device", "mps"])
    assert asked == ["cpu"]
    assert "this machine has no device" in str(none.exception)
