"""Queries that repeat each other's words are one piece of evidence, told, and kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from planted_trials import QUERIES, finish, plan_of, planted_scores
from study_values import study_values

from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.data.files.score_table import read_scores
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.deciding.gathering import gather_scores
from gonogo.study.deciding.query_groups import QueryGroups, query_groups
from gonogo.study.planning.plan import Plan


def test_repeated_texts_join_the_clusters_that_were_named() -> None:
    groups = QueryGroups(
        clusters={"d": {"a": "x", "b": "x", "c": "y", "e": "z"}},
        repeated={"d": [["b", "c"], ["f", "g"], ["g", "h"]]},
    )
    found = groups.of("d", "abcefghi")
    assert found["a"] == found["b"] == found["c"] != found["e"]
    assert found["f"] == found["g"] == found["h"] != found["a"]
    assert set(found) == set("abcefgh")
    assert groups.of("other", "abc") == {}
    assert groups.of("d", "fe") == {"e": "cluster z"}  # its copies were not asked


def finished(path: Path, out: Path, *sets: str) -> Plan:
    for trial in plan_of(path, out, *sets).trials:
        finish(trial, planted_scores(trial, lambda *_: 0.9, noise=0.01))
    return plan_of(path, out, *sets)


def repeat(folder: Path, query: str, other: str) -> str:
    """Give a query the text of another one, in capitals and with a full stop; return it."""
    file = folder / "queries.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    texts = {row["_id"]: row["text"] for row in rows}
    for row in rows:
        if row["_id"] == query:
            row["text"] = f"{texts[other].upper()}."
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return texts[other]


@pytest.fixture
def repeating(tiny_study: Path) -> Path:
    repeat(tiny_study.parent / "left", "q3", "q1")
    return tiny_study


def test_a_repeated_query_is_told_and_no_evidence_of_its_own(
    repeating: Path, tmp_path: Path
) -> None:
    plan = finished(repeating, tmp_path)
    verdict = decide_plan(plan, "")
    (told,) = [text for text in verdict.decision.warnings if "nearly word for word" in text]
    assert told.startswith("left: 1 of 40 queries repeat another one nearly word for word (such as")
    table = read_scores(plan.folder.scores).filter(dataset="left")
    clusters = dict(table.select("query_id", "cluster").unique().iter_rows())
    assert clusters["q1"] == clusters["q3"] is not None
    assert clusters["q5"] is None
    assert verdict.effects[0].clusters == 2 * QUERIES - 1
    assert verdict.effects[0].difference.queries == 2 * QUERIES


def test_what_was_read_once_is_kept_for_where_the_data_are_gone(
    repeating: Path, tmp_path: Path
) -> None:
    plan = finished(repeating, tmp_path)
    found = query_groups(plan)
    assert read_json(plan.folder.query_groups)["repeated"] == {"left": [["q1", "q3"]]}
    shutil.rmtree(repeating.parent / "left")
    assert query_groups(plan) == found
    plan.folder.query_groups.unlink()
    blind = query_groups(plan)
    assert (blind.repeated, blind.clusters) == ({}, {})
    (told,) = blind.notes(gather_scores(plan))
    assert told.startswith("whether queries repeat each other could not be checked")
    assert not plan.folder.query_groups.exists()


def test_named_clusters_that_nobody_kept_are_not_left_out_in_silence(
    tiny_study: Path, tiny_encoder_folder: Path, tmp_path: Path
) -> None:
    values = study_values(tiny_encoder_folder)
    sets = [{"kind": "beir", "folder": name, "cluster": "document.title"} for name in ("left",)]
    values["evaluation"]["datasets"] = sets
    tiny_study.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    plan = plan_of(tiny_study, tmp_path)
    clusters = query_groups(plan).clusters["left"]
    assert {"the cat", "the dog"} <= set(clusters.values())
    shutil.rmtree(tiny_study.parent / "left")
    with pytest.raises(UserError, match="left"):
        query_groups(plan)


def test_other_data_are_looked_at_anew(repeating: Path, tmp_path: Path) -> None:
    assert query_groups(finished(repeating, tmp_path)).repeated == {"left": [["q1", "q3"]]}
    repeat(repeating.parent / "left", "q5", "q1")
    plan = finished(repeating, tmp_path)  # the data set's fingerprint is another one
    assert query_groups(plan).repeated == {"left": [["q1", "q3", "q5"]]}
