"""gonogo data pairs as it is called without options, and with its second try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bank_world import drifting, write_bank
from typer.testing import CliRunner

from gonogo.cli.main import app

# (1,200 - 101) / 32 + 1 = 35 windows, of which 30 count; stride 25 gives 44, of which 40 count.
LENGTHS = [1200, 1200, 300]
AT_FIRST, AGAIN = 30 + 30 + 7, 40 + 40 + 8


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world") / "bank"
    write_bank(folder, LENGTHS, drifting(LENGTHS))
    return folder


def pairs(bank: Path, out: Path, *options: str) -> tuple[dict[str, Any], pl.DataFrame, str]:
    """Return the manifest, the pairs, and what was printed."""
    arguments = ["data", "pairs", str(bank), "--out", str(out), *options]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    manifest = json.loads((out / "manifest.json").read_text())
    return manifest, pl.read_parquet(out / "pairs.parquet"), done.stdout


def test_without_options_contexts_are_100_long_and_32_apart(bank: Path, tmp_path: Path) -> None:
    manifest, found, printed = pairs(bank, tmp_path / "pairs")
    assert manifest["settings"] == {
        "rule": {"context": 100, "stride": 32, "most": 30, "least": None},
        "target_pairs": 50_000,
        "seed": 42,
        "validation": 0.1,
        "near_duplicate": 0.999,
        "auto_retry": False,
    }
    assert len(found) == AT_FIRST
    assert set(found["context_length"].to_list()) == {100}
    targets = found.filter(pl.col("article") == "article 0")["target"].sort().to_list()
    assert targets == list(range(100, 100 + 30 * 32, 32))
    assert f"{50_000 - AT_FIRST:,} of 50,000 pairs" in printed
    assert "trying" not in printed


def test_too_few_pairs_are_tried_again_closer_together(bank: Path, tmp_path: Path) -> None:
    manifest, found, printed = pairs(bank, tmp_path / "pairs", "--auto-retry")
    assert f"{AT_FIRST} pairs: trying stride 25 and up to 40 an article" in printed
    assert manifest["settings"]["rule"] == {
        "context": 100,
        "stride": 25,
        "most": 40,
        "least": None,
    }
    assert manifest["settings"]["auto_retry"] is True
    assert len(found) == AGAIN
    targets = found.filter(pl.col("article") == "article 0")["target"].sort().to_list()
    assert targets == list(range(100, 100 + 40 * 25, 25))


@pytest.mark.parametrize(("wanted", "tried"), [(74, False), (75, True)])  # 67 is 90 % of 74.4
def test_nine_tenths_of_the_pairs_are_enough(
    bank: Path, tmp_path: Path, wanted: int, tried: bool
) -> None:
    options = ("--auto-retry", "--target-pairs", str(wanted))
    manifest, _, printed = pairs(bank, tmp_path / "pairs", *options)
    assert ("trying stride 25" in printed) is tried
    assert manifest["settings"]["rule"]["stride"] == (25 if tried else 32)
