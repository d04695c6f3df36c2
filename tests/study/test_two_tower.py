"""A study of query towers from pairs to verdict, its post-mortem, and its cascade."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from planted_sequences import write_sequences
from planted_towers import write_tower_study
from planted_trials import plan_of
from typer.testing import CliRunner

from gonogo.analysis.records.postmortem import read_postmortem
from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.evaluation.next_vector.next_vector import judged_rankings, tower_queries
from gonogo.spec.evaluation.evaluation_tasks import InvertedSoftmax
from gonogo.study.next_vector.postmortem import as_text, postmortem
from gonogo.study.next_vector.searching import (
    SearchSettings,
    asked_of,
    build_cascade,
)
from gonogo.study.next_vector.trained_tower import open_tower_trial
from gonogo.study.running.runner import run_plan

ROWS = ["last_vector", "context_mean", "weighted_mean-0.1", "weighted_mean-tuned", "oracle"]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = tmp_path_factory.mktemp("world")
    rows = [*ROWS, "random_vector", "untrained"]
    study = write_tower_study(
        world,
        write_sequences(world),
        rows,
        baseline="weighted_mean-tuned",
        evaluation={"metrics": ["R@10", "R@50"]},
    )
    plan = plan_of(study, world / "out")
    summary = run_plan(plan, device="cpu", progress=Silent())
    assert not summary.failed
    return plan.trials[0].folder.path


def test_every_row_is_measured_on_the_same_pairs(trial: Path) -> None:
    rows = trial.parents[2] / "references"
    tables = [pl.read_parquet(rows / name / "scores.parquet") for name in (*ROWS, "untrained")]
    tables.append(pl.read_parquet(trial / "scores.parquet"))
    asked = [set(table["query_id"]) for table in tables]
    assert all(queries == asked[0] for queries in asked)
    means = {
        table["arm"][0]: table.filter(pl.col("metric") == "R@10")["value"].mean()
        for table in tables
    }
    assert means["oracle"] == 1.0
    assert means["oracle"] > means["residual"] > means["context_mean"]  # type: ignore[operator]
    tuned = json.loads((rows / "weighted_mean-tuned/tuned.json").read_text())
    assert tuned["tried"][str(tuned["alpha"])] == max(tuned["tried"].values())


def test_a_postmortem_tells_where_recall_is_lost(trial: Path) -> None:
    record = postmortem(trial)
    assert read_postmortem(trial / "postmortem.json") == record
    assert sum(record.rank_histogram.values()) == record.pairs
    assert sum(row.pairs for row in record.articles) == record.pairs
    assert sum(row.pairs for row in record.positions) == record.pairs
    assert record.margin.word == "healthy"
    assert record.fill_rates
    scored = pl.read_parquet(trial / "scores.parquet").filter(pl.col("metric") == "R@10")
    assert record.recall["R@10"] == pytest.approx(scored["value"].mean(), abs=0.02)
    assert any("do next" in line for line in as_text(record))


def test_the_verbs(trial: Path) -> None:
    runner = CliRunner()
    told = runner.invoke(app, ["postmortem", str(trial)], catch_exceptions=False)
    assert told.exit_code == 0
    assert (trial / "postmortem.png").read_bytes().startswith(b"\x89PNG")
    found = runner.invoke(
        app,
        ["search", str(trial), "--rerank", str(trial), "--depth", "30", "--queries", "10"],
        catch_exceptions=False,
    )
    said, *table = found.output.splitlines()
    assert said.endswith("checkpoint final")
    assert [line.split()[0] for line in table] == [
        "stage",
        "retrieval",
        "next_vector",
        "whole",
    ]


def test_one_pair_is_shown_with_what_was_read_and_what_came_next(trial: Path) -> None:
    data = open_tower_trial(trial).pairs()
    pair = str(data.pairs.ids[data.validation[0]])
    arguments = ["search", str(trial), "--pair", pair, "--depth", str(len(data.bank))]
    lines = CliRunner().invoke(app, arguments, catch_exceptions=False).output.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["read", "next"]
    assert "(rank " in lines[1]
    assert len(lines) == 2 + 10
    refused = CliRunner().invoke(app, ["search", str(trial), "--pair", pair + "x"])
    assert refused.exit_code != 0


def test_search_ranks_hubs_down_as_the_evaluation_does(trial: Path) -> None:
    tower, _ = open_tower_trial(trial).tower()
    data, rule = open_tower_trial(trial).pairs(), InvertedSoftmax(weight=2.0, queries=50)
    cascade = build_cascade(tower, data, SearchSettings(alpha=None, depth=5, hubness=rule))
    rankings, _ = judged_rankings(
        tower_queries(tower), data, depth=5, mask_context=True, hubness=rule
    )
    plain = build_cascade(tower, data, SearchSettings(alpha=None, depth=5))
    moved = 0
    asked = asked_of(data, data.validation, None)
    for name, one in zip(data.query_ids(data.validation), asked, strict=True):
        found = cascade.search(one)[0].rows.tolist()
        assert [str(row) for row in found] == [row for row, _ in rankings[name]]
        moved += found != plain.search(one)[0].rows.tolist()
    assert moved
    command = ["search", str(trial), "--without-hubs", "--depth", "30", "--queries", "10"]
    assert CliRunner().invoke(app, command, catch_exceptions=False).exit_code == 0


def test_what_is_no_trial_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no trial's folder"):
        postmortem(tmp_path)
