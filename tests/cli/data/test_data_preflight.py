"""gonogo data preflight: windows of quantiles, and several trainings on the same pairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank_world import write_world
from typer.testing import CliRunner

from gonogo.cli.main import app, main
from gonogo.core.files import read_json


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write_world(tmp_path, [30] * 10)


def schedules(pairs: Path, *options: str) -> list[tuple[str, str, int | None]]:
    """Return what a preflight with these options has looked at."""
    done = CliRunner().invoke(app, ["data", "preflight", str(pairs), *options])
    assert done.exit_code == 0, done.output
    settings = read_json(pairs / "preflight" / "manifest.json")["settings"]
    return [(one["curriculum"], one["window"], one["epochs"]) for one in settings["schedules"]]


def test_by_default_the_usual_windows_of_cosines(pairs: Path) -> None:
    usual = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"
    assert schedules(pairs) == [(usual, "cosine", None)]
    assert schedules(pairs, "--window", "quantile", "--epochs", "9") == [(usual, "quantile", 9)]


def test_units_and_epochs_are_of_every_schedule_or_of_each(pairs: Path) -> None:
    two = ["--schedule", "0-10:none", "--schedule", "0-5:2@0.9-0.95"]
    both = schedules(pairs, *two, "--epochs", "5", "--window", "quantile")
    assert both == [("0-10:none", "quantile", 5), ("0-5:2@0.9-0.95", "quantile", 5)]
    units = ["--window", "cosine", "--window", "quantile"]
    each = schedules(pairs, *two, *units, "--epochs", "10", "--epochs", "5")
    assert each == [("0-10:none", "cosine", 10), ("0-5:2@0.9-0.95", "quantile", 5)]


def test_a_schedule_of_quantiles_is_not_read_as_cosines(pairs: Path) -> None:
    command = ["data", "preflight", str(pairs), "--schedule", "0-9:2@0.95-0.99"]
    cosines = CliRunner().invoke(app, command).output
    assert "warning   curriculum" in cosines
    quantiles = CliRunner().invoke(app, [*command, "--window", "quantile"]).output
    assert "green     curriculum: epochs 1 to 9; 0-9:2@0.95-0.99 filled for 100%" in quantiles


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--window", "quantiles"], "--window: no window 'quantiles' (did you mean 'quantile'?)"),
        (
            ["--window", "cosine", "--window", "quantile"],
            "--window: given 2 times beside 1 of --schedule",
        ),
        (["--epochs", "3", "--epochs", "4"], "--epochs: given 2 times beside 1 of --schedule"),
    ],
)
def test_what_fits_no_schedule_is_told(
    pairs: Path,
    options: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["gonogo", "data", "preflight", str(pairs), *options])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert told in capsys.readouterr().err
    assert not (pairs / "preflight").exists()
