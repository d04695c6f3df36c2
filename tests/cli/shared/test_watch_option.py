"""gonogo compare --watch: a line whenever there is more, the word when decided, Ctrl-C."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.cli.shared import watching
from gonogo.core.errors import UserError

GATE = "kind: improvement\ntask: run\ncandidate: new\nbaseline: old\npass: 0.01\nmetric: nDCG@10\n"


@dataclass
class Growing:
    """Two tables, the score of each on every query, and how many there are."""

    paths: list[Path]
    values: tuple[float, float] = (0.5, 0.5)
    queries: int = 0


def scores(path: Path, value: float, queries: int) -> None:
    head = "arm,seed,metric,query_id,value\n"
    lines = (f"{path.stem},1,nDCG@10,q{query},{value}\n" for query in range(queries))
    path.write_text(head + "".join(lines), encoding="utf-8")


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Growing:
    """Two tables that have ten more queries at every look; stopped by hand after two hundred."""
    found = Growing([tmp_path / "old.csv", tmp_path / "new.csv"])

    def more(_: float) -> None:
        found.queries += 10
        if found.queries > 200:
            raise KeyboardInterrupt
        for path, value in zip(found.paths, found.values, strict=True):
            scores(path, value, found.queries)

    monkeypatch.setattr("gonogo.api.deciding.watching.time.sleep", more)
    return found


def watch(growing: Growing, *more: str) -> list[str]:
    names = [str(path) for path in growing.paths]
    found = CliRunner().invoke(app, ["compare", *names, "--watch", "1", *more])
    assert found.exit_code == 0, found.output
    return found.output.splitlines()


def test_it_ends_when_the_interval_leaves_out_zero(growing: Growing) -> None:
    growing.values = (0.3, 0.8)
    lines = watch(growing)
    assert lines[0] == "waiting for queries that both systems have"
    assert lines[1].startswith("10 queries: new - old in nDCG@10 on all +0.5")
    assert lines[1].endswith(": undecided")
    assert lines[-1].endswith(": better, for these very models")


def test_equal_systems_are_watched_until_stopped_by_hand(growing: Growing) -> None:
    lines = watch(growing)
    assert len(lines) == 22
    assert lines[-1].startswith("stopped by hand: undecided")


def test_a_gate_brings_its_lines_and_its_words(growing: Growing, tmp_path: Path) -> None:
    growing.values = (0.8, 0.3)
    rule = tmp_path / "gate.yaml"
    rule.write_text(GATE, encoding="utf-8")
    assert watch(growing, "--gate", str(rule))[-1].endswith(": FAIL, for these very models")
    growing.queries, lower = 0, "gate.fail=-0.6"
    last = watch(growing, "--gate", str(rule), "--set", lower)[-1]
    assert last.endswith(": MARGINAL, for these very models")


def test_what_has_no_part_in_it_is_refused(growing: Growing) -> None:
    names = [str(path) for path in growing.paths]
    found = CliRunner().invoke(app, ["compare", *names, "--watch", "1", "--clusters", "c.tsv"])
    assert isinstance(found.exception, UserError)
    assert "goes without --clusters" in str(found.exception)
    with pytest.raises(UserError, match="one measure"):
        watching.watched(1.0, growing.paths, None, ["nDCG@10", "RR"], (None, None, None))
