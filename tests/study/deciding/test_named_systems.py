"""Systems by name: several files, seeds and data sets of one; what cannot be told is refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.score_table import SCHEMA, write_scores
from gonogo.study.deciding.comparison import load_systems


def write(path: Path, first: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"q{n} Q0 {d} {r} {9 - r} x\n" for n in range(4) for r, d in enumerate((first, "x"))]
    path.write_text("".join(lines))
    return path


@pytest.fixture
def qrels(tmp_path: Path) -> str:
    folder = tmp_path / "qrels"
    folder.mkdir()
    for name in ("birds", "cats"):
        (folder / f"{name}.qrels").write_text("".join(f"q{n} 0 good 1\n" for n in range(4)))
    return str(folder)


def test_seeds_and_data_sets_of_one_name_are_one_system(tmp_path: Path, qrels: str) -> None:
    for seed in (1, 2):
        for dataset in ("birds", "cats"):
            write(tmp_path / f"runs/new/seed_{seed}/embed/{dataset}.trec", "good")
    old = write(tmp_path / "birds_seed1.trec", "bad")
    more = write(tmp_path / "birds_seed2.trec", "good")
    given = [f"new={tmp_path / 'runs/new'}", f"old={old}", f"old={more}"]
    found = load_systems([Path(one) for one in given], qrels, ("RR@10",))
    frames = found.frames
    assert list(frames) == ["new", "old"]
    places = frames["new"].select("seed", "task", "dataset").unique().sort("seed", "dataset").rows()
    assert places == [(s, "embed", d) for s in (1, 2) for d in ("birds", "cats")]
    means = frames["old"].group_by("seed").agg(pl.col("value").mean()).sort("seed").rows()
    assert means == [(2, 1.0)]  # of seed 1 no document is judged: nothing is known of it
    assert len(found.coverage) == 6
    assert not found.tables
    assert any("old seed 1" in note and "judged" in note for note in found.notes)


def test_an_arms_folder_of_trials(tmp_path: Path) -> None:
    for arm in ("old", "new"):
        for seed in (1, 2):
            rows = [(arm, seed, "embed", "d", "AP", "q", 0.5)]
            table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
            write_scores(tmp_path / f"trials/{arm}/seed_{seed}/scores.parquet", table)
    given = [Path(f"{name}={tmp_path}/trials/{arm}") for name, arm in (("a", "old"), ("b", "new"))]
    found = load_systems(given, None)
    assert {name: frame["seed"].to_list() for name, frame in found.frames.items()} == {
        "a": [1, 2],
        "b": [1, 2],
    }
    assert not found.coverage
    assert found.tables == {"a", "b"}


def test_two_runs_of_one_seed_and_a_half_named_list_are_refused(tmp_path: Path, qrels: str) -> None:
    one, two = write(tmp_path / "a/birds.trec", "good"), write(tmp_path / "b/birds.trec", "bad")
    with pytest.raises(UserError, match="are both a, run, birds"):
        load_systems([Path(f"a={one}"), Path(f"a={two}")], qrels)
    with pytest.raises(UserError, match="name all systems or none"):
        load_systems([Path(f"a={one}"), two], qrels)
