"""Rows and columns of a summary: what is refused, and what an override does to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from study_values import TRIO_GATE

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.rule.summary import FactColumn, FigureColumn, SettingColumn, SummarySpec

Write = Callable[..., Path]
GATE = f"gate: {TRIO_GATE}\n"
ROWS = """\
experiments:
  first: {arm: emb_only, seeds: [1]}
  both: {arm: emb_only}
  joint: {arm: joint_single, seeds: [2]}
"""


def columns(*lines: str, more: str = "") -> str:
    return GATE + "summary:\n" + more + "  columns:\n" + "".join(f"    {one}\n" for one in lines)


def test_a_bare_name_is_a_fact_or_the_key_of_a_setting() -> None:
    spec = SummarySpec.model_validate(
        {
            "columns": {
                "when": "timestamp",
                "lr": "training.learning_rate",
                "best": {"kind": "figure", "figure": "R@10", "which": "best"},
            }
        }
    )
    assert spec.columns == {
        "when": FactColumn(fact="timestamp"),
        "lr": SettingColumn(key="training.learning_rate"),
        "best": FigureColumn(figure="R@10", which="best"),
    }


def test_a_study_without_columns_has_facts(study: Write) -> None:
    summary = resolve(study(GATE, GATE + "summary: {}\n")).summary
    assert summary is not None
    assert list(summary.listed())[:4] == ["timestamp", "run_id", "experiment", "arm"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (columns("lr: training.learning_rat"), "did you mean 'learning_rate'?"),
        (columns("k: tasks.embedd.batch_size"), "did you mean 'embed'?"),
        (columns("k: taskz.embed.batch_size"), "did you mean 'tasks'?"),
        (columns("a: {kind: score, task: nowhere, metric: nDCG@10}"), "no evaluated task"),
        (columns("a: arm", more="  run_id: 'x{tau}'\n"), "no {tau}"),
        (columns("a: arm", more="  run_id: '{run_id}'\n"), "no {run_id}"),
        (columns("a: arm", more="  rank_by: a\n"), "no figure or score 'a'"),
        (columns("f: {kind: figure, figure: R, which: worst}"), "'worst'"),
    ],
)
def test_columns_that_would_stay_empty_are_refused(study: Write, text: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        resolve(study(GATE, text))
    assert told in str(error.value)
    assert "summary" in str(error.value)


def test_a_setting_of_another_kind_of_block_is_no_mistake(study: Write) -> None:
    key = "tasks.embed.negatives.ranks"
    path = study(GATE, columns(f"ranks: {key}"))
    assert resolve(path, overrides=("tasks.embed.negatives={kind: bm25, count: 1}",)).summary


def test_rows_have_their_seeds_and_the_arms_are_trained_on_those_alone(study: Write) -> None:
    resolved = resolve(study(GATE, GATE + ROWS))
    assert {name: row.seeds for name, row in resolved.experiments.items()} == {
        "first": (1,),
        "both": (1, 2),
        "joint": (2,),
    }
    assert resolved.seeds_of("emb_only") == (1, 2)
    assert resolved.seeds_of("joint_single") == (2,)
    assert resolved.seeds_of("rank_only") == ()


def test_seeds_that_an_override_gives_are_those_of_every_row(study: Write) -> None:
    resolved = resolve(study(GATE, GATE + ROWS), overrides=("seeds=[5, 6]",))
    assert {row.seeds for row in resolved.experiments.values()} == {(5, 6)}


def test_a_tier_keeps_the_rows_whose_seeds_it_has(study: Write) -> None:
    resolved = resolve(study(GATE, GATE + ROWS), "small")
    assert {name: row.seeds for name, row in resolved.experiments.items()} == {"both": (7,)}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("experiments: {x: {arm: emb_onyl}}\n", "did you mean 'emb_only'?"),
        ("experiments: {x: {arm: emb_only, seeds: [3]}}\n", "seed 3 is not among"),
        ("experiments: {x: {arm: emb_only, seeds: [1, 1]}}\n", "lists 1 more than once"),
    ],
)
def test_wrong_rows_are_refused(study: Write, rows: str, told: str) -> None:
    with pytest.raises(UserError, match=r"experiments\.x") as error:
        resolve(study(GATE, GATE + rows))
    assert told in str(error.value)
