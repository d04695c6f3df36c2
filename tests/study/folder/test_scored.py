"""CQADupStack's forums are one data set wherever a study's scores are gathered or expected."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml
from study_values import study_values, write_beir

from gonogo.core.files import write_json
from gonogo.data.files.score_table import SCHEMA, write_scores
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.study.deciding.gathering import gather_scores
from gonogo.study.deciding.registration import registered_gate
from gonogo.study.deciding.stopping import expected_scores
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.scored import join_forums, scored_datasets
from gonogo.study.planning.plan import make_plan

FORUMS = EvaluationSpec(
    datasets=["hub:mteb/cqadupstack-gis", "hub:BeIR/scifact", "beir/cqadupstack/tex"]
)


def rows(*parts: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [("arm", 1, "embed", name, "nDCG@10", query, value) for name, query, value in parts],
        schema=SCHEMA,
        orient="row",
    )


def test_forums_become_one_data_set_with_ids_of_their_own() -> None:
    table = rows(
        ("mteb/cqadupstack-gis", "1", 0.2),
        ("BeIR/scifact", "1", 0.9),
        ("cqadupstack/tex", "1", 0.4),
        ("cqadupstack/tex", "a/2", 0.6),
    )
    joined = join_forums(table, FORUMS)
    assert joined.select("dataset", "query_id", "value").rows() == [
        ("cqadupstack", "gis/1", 0.2),
        ("BeIR/scifact", "1", 0.9),
        ("cqadupstack", "tex/1", 0.4),
        ("cqadupstack", "tex/a/2", 0.6),
    ]
    assert joined.schema == table.schema
    assert scored_datasets(FORUMS)["embed"] == ("cqadupstack", "BeIR/scifact")
    mean = joined.filter(dataset="cqadupstack")["value"].mean()
    assert mean == pytest.approx(0.4)  # by query; the mean of forum means would be 0.35


def test_one_forum_alone_stays_what_it_is() -> None:
    spec = EvaluationSpec(datasets=["cqadupstack/tex", "toy"])
    table = rows(("cqadupstack/tex", "1", 0.4))
    assert join_forums(table, spec).equals(table)
    assert scored_datasets(spec)["embed"] == ("cqadupstack/tex", "toy")


def test_the_public_sets_are_fifteen() -> None:
    assert len(scored_datasets(EvaluationSpec(datasets=["beir/public"]))["embed"]) == 15


def test_gathered_expected_and_registered_agree(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    values = study_values(tiny_encoder_folder)
    values["evaluation"] = {
        "datasets": ["cqadupstack/gis", "left", "cqadupstack/tex"], "references": []
    }  # fmt: skip
    for name in ("left", "cqadupstack/gis", "cqadupstack/tex"):
        write_beir(tmp_path / name, 60)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    study = resolve(path)
    folder = StudyFolder.under(tmp_path / "out", study.study, study.tier)
    for trial in make_plan(study, folder, tmp_path).trials:
        write_json(trial.folder.inputs, trial.training)
        write_json(trial.folder.final / "state.json", {"complete": True})
        write_json(trial.folder.evaluation, {"inputs": trial.evaluation})
        sets = ("cqadupstack/gis", "left", "cqadupstack/tex")
        write_scores(trial.folder.scores, rows(*((name, "q1", 0.5) for name in sets)))
    plan = make_plan(study, folder, tmp_path)
    table = gather_scores(plan)
    assert set(table["dataset"]) == {"cqadupstack", "left"}
    assert set(table["query_id"]) == {"q1", "gis/q1", "tex/q1"}
    for tasks in (expected_scores(plan, plan.study.seeds).tasks, registered_gate(plan).datasets):
        assert set(tasks["embed"]) == {"cqadupstack", "left"}
