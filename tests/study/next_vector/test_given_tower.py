"""gonogo postmortem of a tower, pairs and a bank from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from planted_sequences import open_sequences
from torch import nn
from typer.testing import CliRunner

from gonogo.cli.main import app, main


def towers(folder: Path) -> Path:
    """Write a tower's state dict, its pairs as vectors, and a bank without names."""
    own = open_sequences(folder)
    torch.manual_seed(1)
    tower = nn.ModuleDict(
        {"gru": nn.GRU(16, 4, batch_first=True, bidirectional=True), "proj": nn.Linear(8, 16)}
    )
    torch.save({"state_dict": tower.state_dict()}, folder / "tower.pt")
    rows, vectors = own.pairs.contexts, np.array(own.bank.vectors)
    contexts = np.where(rows[..., None] < 0, 0, vectors[np.maximum(rows, 0)])
    np.savez(
        folder / "given.npz",
        contexts=contexts,
        targets=vectors[own.pairs.targets],
        ids=own.pairs.ids,
    )
    np.save(folder / "bank.npy", vectors)
    return folder


def arguments(folder: Path) -> list[str]:
    given = {"checkpoint": "tower.pt", "pairs": "given.npz", "bank": "bank.npy", "out": "found"}
    options = [part for name, file in given.items() for part in (f"--{name}", str(folder / file))]
    return ["postmortem", *options, "--device", "cpu"]


def test_everything_may_come_from_elsewhere(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, [*arguments(towers(tmp_path)), "--study", "two_tower"])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("tower.pt, ")
    assert "nothing was mined" in told.output
    record = json.loads((tmp_path / "found/postmortem.json").read_text())
    assert record["pairs"] == sum(record["rank_histogram"].values())
    assert record["margin"]["word"] in ("healthy", "low", "collapsed")
    assert record["recall"]["R@500"] == 1.0  # the bank holds fewer
    for kind in ("svg", "png"):
        assert (tmp_path / f"found/postmortem.{kind}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("left_out", "told"), [("--pairs", "--pairs: missing"), ("--out", "--out: missing")]
)
def test_what_is_missing_is_told(
    left_out: str,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = arguments(tmp_path)
    place = given.index(left_out)
    monkeypatch.setattr("sys.argv", ["gonogo", *given[:place], *given[place + 2 :]])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert told in capsys.readouterr().err
