"""Two systems whose files grow: what is whole is read, and the interval is of what both have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gonogo.analysis.statistics.confidence_sequence import running_interval
from gonogo.core.errors import UserError
from gonogo.study.deciding.watching import look

QRELS = "".join(f"q{query} 0 d1 1\n" for query in range(60))


@pytest.fixture
def qrels(tmp_path: Path) -> Path:
    file = tmp_path / "set.qrels"
    file.write_text(QRELS, encoding="utf-8")
    return file


def run(path: Path, hits: list[int], *, cut: bool = False) -> Path:
    """Write a run that finds the relevant document at a rank, query by query."""
    lines = []
    for query, rank in enumerate(hits):
        for place in range(1, 4):
            name = "d1" if place == rank else f"x{place}"
            lines.append(f"q{query} Q0 {name} {place} {10 - place} tag\n")
    text = "".join(lines)
    path.write_text(text[:-9] if cut else text, encoding="utf-8")
    return path


def table(path: Path, values: dict[int, list[float]], *, cut: bool = False, **more: str) -> Path:
    rows = [
        {"arm": path.stem, "seed": seed, "task": "t", "dataset": "set", "metric": "nDCG@10"}
        | {"query_id": f"q{query}", "value": value}
        | more
        for seed, own in values.items()
        for query, value in enumerate(own)
    ]
    text = pl.DataFrame(rows).write_csv()
    path.write_text(text[:-3] if cut else text, encoding="utf-8")
    return path


def test_queries_that_both_runs_have_whole_are_compared(tmp_path: Path, qrels: Path) -> None:
    old = run(tmp_path / "old.trec", [1] * 40)
    new = run(tmp_path / "new.trec", [2] * 21, cut=True)
    found = look([old, new], str(qrels))
    assert (found.reference, found.candidate, found.dataset) == ("old", "new", "set")
    assert found.queries == 20  # the last one may go on
    gain = 1 / np.log2(3) - 1
    assert found.value == pytest.approx(gain)
    expected = running_interval(np.full(20, found.value), (-1.0, 1.0))
    assert (found.interval.low, found.interval.high) == pytest.approx(expected)


def test_nothing_is_written_and_nothing_read_twice(tmp_path: Path, qrels: Path) -> None:
    old, new = run(tmp_path / "old.trec", [1] * 9), run(tmp_path / "new.trec", [2] * 9)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    look([old, new], str(qrels))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_there_is_nothing_to_say_before_a_first_whole_query(tmp_path: Path, qrels: Path) -> None:
    old = run(tmp_path / "old.trec", [1] * 9)
    assert look([old, tmp_path / "new.trec"], str(qrels)) is None
    assert look([old, run(tmp_path / "new.trec", [1])], str(qrels)) is None
    strange = tmp_path / "strange.trec"
    strange.write_text("p0 Q0 d1 1 9 t\np1 Q0 d1 1 9 t\n", encoding="utf-8")
    assert look([old, strange], str(qrels)) is None


def test_of_tables_a_line_that_is_cut_is_left_out_and_seeds_are_averaged(tmp_path: Path) -> None:
    old = table(tmp_path / "old.csv", {1: [0.5] * 30, 2: [0.5] * 30})
    new = table(tmp_path / "new.csv", {1: [0.6] * 30, 2: [0.8] * 12}, cut=True)
    found = look([old, new], None)
    assert found.queries == 11
    assert found.value == pytest.approx(0.2)
    assert "these very models" in found.interval.note


def test_named_systems_of_several_files_are_watched_too(tmp_path: Path) -> None:
    for seed in (1, 2):
        table(tmp_path / f"a{seed}.csv", {seed: [0.5] * 20})
        table(tmp_path / f"b{seed}.csv", {seed: [0.6] * (10 * seed)})
    paths = [Path(f"{name}={tmp_path}/{name}{seed}.csv") for name in "ab" for seed in (1, 2)]
    found = look(paths, None)
    assert (found.reference, found.candidate, found.queries) == ("a", "b", 10)


def test_what_cannot_be_watched_is_told(tmp_path: Path) -> None:
    old, new = (table(tmp_path / f"{name}.csv", {1: [0.5] * 9}) for name in ("old", "new"))
    with pytest.raises(UserError, match="no values of AP"):
        look([old, new], None, "MAP")
    with pytest.raises(UserError, match="two systems are watched, not 3"):
        look([old, new, table(tmp_path / "more.csv", {1: [0.5] * 9})], None)
    crowd = table(tmp_path / "crowd.csv", {1: [0.5] * 9}, cluster="c")
    with pytest.raises(UserError, match="clusters"):
        look([old, crowd], None)
    other = table(tmp_path / "other.csv", {1: [0.5] * 9}, dataset="elsewhere")
    with pytest.raises(UserError, match="several data sets"):
        look([old, other], None)
