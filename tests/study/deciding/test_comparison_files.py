"""A small study with a look at the geometry: from trials to the comparison and the criteria."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from study_values import write_beir
from typer.testing import CliRunner

from gonogo.analysis.geometry.geometry_record import GeometryRecord, read_geometry
from gonogo.analysis.records.verdict import VerdictFile, read_verdict
from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.spec.checks.resolve import resolve
from gonogo.study.deciding.domains import in_domain

CRITERIA: dict[str, list[dict[str, Any]]] = {
    "minimum": [
        {"kind": "gain", "least": -1.0},
        {"kind": "isotropy_higher", "baseline": "untrained"},
        {"kind": "finished"},
    ],
    "strong": [
        {"kind": "average_above", "above": 0.999},
        {"kind": "all_sets"},
        {"kind": "study_done", "study": "sweep", "note": "ablations"},
    ],
    "top": [
        {"kind": "file", "path": "evidence/theory.md"},
        {
            "kind": "any_of",
            "lines": [
                {"kind": "file", "path": "evidence/calibration.md"},
                {"kind": "all_sets", "datasets": ["kilt"]},
            ],
        },
    ],
}


def study_file(folder: Path, backbone: Path) -> Path:
    write_beir(folder / "left", 0)
    write_beir(folder / "right", 30)
    task = {
        "kind": "retrieval",
        "data": ["left"],
        "negatives": {"kind": "bm25", "count": 1, "ranks": [2, 10]},
        "objective": {"kind": "triplet"},
        "batch_size": 4,
    }
    values = {
        "study": "shapes",
        "seeds": [1, 2],
        "defaults": {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "full"},
                "projection": {"kind": "mlp", "dimension": 8},
                "similarity": "euclidean",
                "lengths": {"query": 12, "passage": 16, "pair": 40},
            },
            "tasks": {"embed": task},
            "training": {
                "max_steps": 2,
                "accumulation": 1,
                "precision": "fp32",
                "token_budget": 512,
                "checkpoint_every": 2,
            },
        },
        "arms": {
            "plain": {},
            "shaped": {"tasks": {"embed": {"regularisers": [{"kind": "sigreg"}]}}},
        },
        "evaluation": {
            "datasets": ["left", "right"],
            "max_queries": 8,
            "tasks": {"embed": {"kind": "retrieval", "depth": 20}},
            "geometry": {"texts": "right", "count": 30},
        },
        "gate": {
            "kind": "improvement",
            "task": "embed",
            "candidate": "shaped",
            "baseline": "plain",
        },
        "criteria": CRITERIA,
    }
    path = folder / "shapes.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_folder: Path) -> Path:
    home = tmp_path_factory.mktemp("shapes")
    path = study_file(home, tiny_encoder_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GONOGO_CACHE", str(home / "cache"))
        patch.chdir(home)
        command = ["run", str(path), "--device", "cpu", "--out", "outputs"]
        result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return home


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GONOGO_CACHE", str(folder / "cache"))
    monkeypatch.chdir(folder)
    return folder


def verdict(folder: Path) -> VerdictFile:
    return read_verdict(folder / "outputs" / "shapes" / "full" / "verdict.json")


def test_every_trial_and_the_untrained_row_have_a_geometry_on_the_same_texts(here: Path) -> None:
    own = read_geometry(here / "outputs/shapes/full/trials/shaped/seed_2/geometry.json")
    assert (own.model, own.seed, own.dimension, own.texts.count) == ("shaped", 2, 8, 30)
    records = verdict(here).evidence.geometry
    names = {(record.model, record.seed) for record in records}
    assert names == {("untrained", None)} | {(a, n) for a in ("plain", "shaped") for n in (1, 2)}
    assert len(records) == 5
    assert len({record.texts.fingerprint for record in records}) == 1


def test_unnormalised_embeddings_are_measured_as_they_are(here: Path) -> None:
    for record in verdict(here).evidence.geometry:
        assert record.norm_maximum > record.norm_minimum
        assert record.gaussian < 1


def test_means_in_and_out_of_domain(here: Path) -> None:
    groups = {(mean.group, mean.datasets) for mean in verdict(here).groups}
    assert groups == {
        ("all", ("left", "right")),
        ("in domain", ("left",)),  # the set that the arms were trained on
        ("out of domain", ("right",)),
    }
    assert in_domain(resolve(here / "shapes.yaml")) == ("left",)


def test_the_report_has_the_comparison(here: Path) -> None:
    tables = here / "outputs" / "shapes" / "full" / "tables"
    for ending in ("md", "tex", "csv"):
        content = (tables / f"comparison.{ending}").read_text()
        for row in ("bm25", "untrained", "plain", "shaped"):
            assert row in content
    assert "30 passages of right" in (tables / "comparison.md").read_text()
    assert "NOT THE SAME" not in (tables / "comparison.md").read_text()
    again = CliRunner().invoke(app, ["report", str(here / "outputs/shapes/full")])
    assert again.exit_code == 0


def lines(here: Path, *options: str) -> dict[str, dict[str, str]]:
    command = ["criteria", "shapes.yaml", *options]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    found = read_json(here / "outputs/shapes/full/criteria.json")
    return {"levels": found["levels"]} | {row["line"]: row for row in found["lines"]}


def test_criteria_are_answered_from_files(here: Path) -> None:
    found = lines(here)
    status = {line: row["status"] for line, row in found.items() if line != "levels"}
    assert status["shaped gains -1 or more over plain"] == "unknown"  # one seed
    assert status["all trials of all arms are finished"] == "met"
    assert status["shaped: average above 0.999"] == "not met"
    assert status["all arms scored on every data set"] == "met"
    assert status["the study sweep is decided (ablations)"] == "unknown"
    assert status["a file evidence/theory.md is there, whatever it says"] == "not met"
    assert (
        status[
            "a file evidence/calibration.md is there, whatever it says or all arms scored on kilt"
        ]
        == "unknown"
    )
    assert found["levels"]["strong"] == "not met"
    assert found["levels"]["top"] == "not met"


def test_a_file_answers_a_line_once_it_holds_something(here: Path) -> None:
    (here / "evidence").mkdir()
    (here / "evidence/theory.md").touch()
    assert (
        lines(here)["a file evidence/theory.md is there, whatever it says"]["status"] == "not met"
    )
    (here / "evidence/theory.md").write_text("Let x be a vector.")
    assert lines(here)["a file evidence/theory.md is there, whatever it says"]["status"] == "met"
    (here / "evidence/theory.md").unlink()


def test_before_any_run_lines_are_unknown(here: Path, tmp_path: Path) -> None:
    command = ["criteria", "shapes.yaml", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "no verdict yet" in result.output
    assert "minimum: unknown" in result.output
    assert list(tmp_path.iterdir()) == []  # nothing was written


def test_a_preliminary_tier_is_told_beside_its_levels(here: Path, tmp_path: Path) -> None:
    values = yaml.safe_load((here / "shapes.yaml").read_text()) | {"tiers": {"smoke": {}}}
    (here / "small.yaml").write_text(yaml.safe_dump(values))
    for tier, told in (("full", False), ("smoke", True)):
        command = ["criteria", "small.yaml", "--tier", tier, "--out", str(tmp_path)]
        result = CliRunner().invoke(app, command, catch_exceptions=False)
        assert ("This tier is preliminary" in result.output) is told


def test_a_study_without_criteria_says_so(here: Path) -> None:
    values = yaml.safe_load((here / "shapes.yaml").read_text())
    del values["criteria"]
    (here / "none.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(UserError, match="names no criteria"):
        CliRunner().invoke(app, ["criteria", "none.yaml"], catch_exceptions=False)


def test_geometry_is_of_version_or_told(tmp_path: Path) -> None:
    (tmp_path / "geometry.json").write_text('{"model": "x"}')
    with pytest.raises(UserError, match="no geometry of this version"):
        read_geometry(tmp_path / "geometry.json")
    assert GeometryRecord.model_fields["gaussian"].is_required()
