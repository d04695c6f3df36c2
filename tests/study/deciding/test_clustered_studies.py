"""A study that names clusters of queries is decided by them; nothing is scored again for that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from planted_trials import QUERIES, finish, plan_of
from study_values import study_values

from gonogo.core.errors import UserError
from gonogo.data.files.score_table import SCHEMA, read_scores
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.deciding.registration import register_gate
from gonogo.study.planning.plan import Plan, PlannedTrial

TOPICS = 8


def in_study(path: Path, tiny_encoder_folder: Path, cluster: str | None) -> Path:
    """Write the tiny study again, its data sets with clusters."""
    values = study_values(tiny_encoder_folder)
    block = {} if cluster is None else {"cluster": cluster}
    sets = [{"kind": "beir", "folder": name, **block} for name in ("left", "right")]
    values["evaluation"]["datasets"] = sets
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def scores_of(trial: PlannedTrial) -> pl.DataFrame:
    """Return scores whose difference between arms is shared by the queries of one topic."""
    spec, parts = trial.config.evaluation, []
    joint = trial.arm == "joint_single"
    for task in spec.tasks:
        for data in spec.datasets:
            rng = np.random.default_rng(len(data.name))
            topic = np.repeat(rng.normal(0, 0.05, TOPICS), QUERIES // TOPICS)
            values = 0.5 + joint * topic + rng.normal(0, 0.01, QUERIES)
            values = values + np.random.default_rng([trial.seed, joint]).normal(0, 0.003, QUERIES)
            for metric in spec.metrics:
                keys = [trial.arm, trial.seed, task, data.name, metric]
                rows = [(*keys, f"q{n}", value) for n, value in enumerate(values)]
                parts.append(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return pl.concat(parts)


@pytest.fixture
def topics(tiny_study: Path) -> Path:
    """Return a table beside the study: five queries a topic."""
    rows = [f"q{n}\ttopic {n // (QUERIES // TOPICS)}" for n in range(QUERIES)]
    table = tiny_study.parent / "topics.tsv"
    table.write_text("\n".join(["query_id\tcluster", *rows]) + "\n", encoding="utf-8")
    return table


@pytest.fixture
def plain(tiny_study: Path, tiny_encoder_folder: Path, tmp_path: Path) -> Plan:
    """Return the plan of the finished study that names no clusters, its gate frozen."""
    path = in_study(tiny_study, tiny_encoder_folder, None)
    for trial in plan_of(path, tmp_path).trials:
        finish(trial, scores_of(trial))
    plan = plan_of(path, tmp_path)
    register_gate(plan)
    return plan


def test_clusters_named_later_move_no_fingerprint_and_widen_the_interval(
    plain: Plan, tiny_study: Path, tiny_encoder_folder: Path, tmp_path: Path, topics: Path
) -> None:
    before = decide_plan(plain, "")
    assert "cluster" not in read_scores(plain.folder.scores).columns
    plan = plan_of(in_study(tiny_study, tiny_encoder_folder, topics.name), tmp_path)
    assert [t.action for t in plan.trials] == ["skip"] * len(plain.trials)
    assert [(t.training, t.evaluation) for t in plan.trials] == [
        (t.training, t.evaluation) for t in plain.trials
    ]
    after = decide_plan(plan, "")
    assert f"{2 * QUERIES} queries in {2 * TOPICS} clusters." in after.decision.sentence
    assert "cluster" not in before.decision.sentence
    table = read_scores(plan.folder.scores)
    assert table["cluster"].n_unique() == TOPICS
    assert table["cluster"].null_count() == 0
    for old, new in zip(before.effects, after.effects, strict=True):
        assert new.difference.value == old.difference.value
        assert (old.clusters, new.clusters) == (None, 2 * TOPICS)
        narrow, wide = old.difference.interval, new.difference.interval
        assert narrow is not None
        assert wide is not None
        # five queries a topic that share nearly all of their difference: about sqrt(5)
        assert wide.high - wide.low > 1.8 * (narrow.high - narrow.low)


def test_clusters_named_after_the_gate_was_frozen_are_told(
    plain: Plan, tiny_study: Path, tiny_encoder_folder: Path, tmp_path: Path, topics: Path
) -> None:
    assert decide_plan(plain, "").gate.changes == ()
    plan = plan_of(in_study(tiny_study, tiny_encoder_folder, topics.name), tmp_path)
    changes = decide_plan(plan, "").gate.changes
    assert [(c.key, c.frozen, c.now) for c in changes] == [
        ("clusters.left", "(not there)", "topics.tsv"),
        ("clusters.right", "(not there)", "topics.tsv"),
    ]


def test_clusters_that_no_query_has_are_told_when_the_study_is_planned(
    tiny_study: Path, tiny_encoder_folder: Path, tmp_path: Path
) -> None:
    path = in_study(tiny_study, tiny_encoder_folder, "metadata.article")
    with pytest.raises(UserError, match=r"no line has metadata\.article"):
        plan_of(path, tmp_path)
