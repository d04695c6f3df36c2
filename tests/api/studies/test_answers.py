"""What a study's files answer through the face: its own levels of success, and its summary."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from planted_runs import finish_all, with_runs
from planted_weights import write_tiny_study

import gonogo as gg
from gonogo.api.studies.answers import summary


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a study with a level that a file meets, one that scores decide, and a summary."""
    path = with_runs(write_tiny_study(tmp_path))
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["criteria"] = {
        "proven": [{"kind": "file", "path": "evidence/proof.txt"}],
        "high": [{"kind": "average_above", "above": 0.99}],
    }
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def test_levels_are_answered_before_anything_was_run(path: Path, tmp_path: Path) -> None:
    study = gg.study(path, out=tmp_path / "out")
    found = study.criteria()
    assert found.levels == {"proven": "not met", "high": "not met"}  # no level above an unmet one
    assert found.reached is None
    assert not (tmp_path / "out").exists()  # asked for, nothing is touched
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence/proof.txt").write_text("q.e.d.")
    assert study.criteria().levels == {"proven": "met", "high": "unknown"}
    assert study.criteria().reached == "proven"


def test_levels_follow_the_scores_and_are_kept_beside_them(path: Path, tmp_path: Path) -> None:
    finish_all(path, tmp_path / "out")
    study = gg.study(path, out=tmp_path / "out")
    study.decide()
    found = study.criteria()
    assert found.levels == {"proven": "not met", "high": "not met"}
    kept = json.loads((study.folder / "criteria.json").read_text(encoding="utf-8"))
    assert (kept["levels"], kept["reached"]) == (found.levels, None)
    table = (study.folder / "criteria.md").read_text(encoding="utf-8")
    assert table == found.to_markdown(tmp_path / "mine.md")
    assert (tmp_path / "mine.md").read_text(encoding="utf-8") == table
    assert "proof.txt" in table
    assert "proof.txt" in repr(found)
    assert "<table" in found._repr_html_()


def test_a_summary_has_a_row_for_each_experiment(path: Path, tmp_path: Path) -> None:
    finish_all(path, tmp_path / "out")
    study = gg.study(path, out=tmp_path / "out")
    found = summary(study.judged_plan("nothing was run"), "gonogo summary")
    rows = pl.read_csv(found.file)
    assert found.file == study.folder / "summary.csv"
    assert set(rows["experiment"]) == {"one", "both", "long"}
    assert all(name in str(found) for name in ("one", "both", "long"))


def test_a_summary_of_nothing_says_so(path: Path, tmp_path: Path) -> None:
    study = gg.study(path, out=tmp_path / "out")
    with pytest.raises(gg.UserError) as told:
        summary(study.judged_plan("gonogo run it"), "gonogo summary")
    assert "gonogo run it" in f"{told.value} {told.value.hint}"
