"""Learning curves as people read them."""

from __future__ import annotations

from pathlib import Path

from gonogo.analysis.records.learning_curves import (
    BudgetPoint,
    LearningCurve,
    LearningFile,
    best_share,
    read_learning,
    rise,
    write_learning,
)
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.pages.figures import render
from gonogo.report.plots.learning import learning_plot, panel_names
from gonogo.report.tables.learning_tables import budget_table, curve_table, learning_csv
from gonogo.report.words.learning_words import budget_name, curve_captions, curve_findings


def curve(arm: str, tasks: tuple[str, ...], values: list[float], name: str) -> LearningCurve:
    shares, words = (0.0, 0.5, 1.0, 2.0), name.replace("nDCG", "BM25 nDCG")
    points = [
        BudgetPoint(
            share=share,
            step=int(20 * share),
            examples={task: int(320 * share) for task in tasks} if share else {},
            rate=1 - share / 2 if share else None,
            seconds=30 * share,
            figures={name: value, words: 0.5},
        )
        for share, value in zip(shares, values, strict=True)
    ]
    return LearningCurve(
        arm=arm, tasks=tasks, total_steps=40, annealed=True, staged=False, points=tuple(points)
    )


FOUND = LearningFile(
    study="toy",
    tier="quick",
    seed=42,
    shares=(0.5, 1.0, 2.0),
    curves=(
        curve("alone", ("embed",), [0.4, 0.5, 0.6, 0.8], "nDCG@10"),
        curve("joint", ("embed", "rerank"), [0.4, 0.3, 0.2, 0.1], "embed/nDCG@10"),
    ),
)


def test_a_rise_is_over_the_later_value() -> None:
    alone, joint = FOUND.curves
    assert rise(alone, "nDCG@10", (1.0, 2.0)) == (0.8 - 0.6) / 0.8
    assert rise(alone, "nDCG@10", (1.0, 4.0)) is None
    assert (best_share(alone, "nDCG@10"), best_share(joint, "embed/nDCG@10")) == (2.0, 0.0)
    assert alone.figures == ("nDCG@10",)


def test_findings_say_where_a_figure_is_best_and_what_is_never_better() -> None:
    assert curve_findings(FOUND) == [
        "alone, nDCG@10: best at 2 x; +25.00 % from 1 x to 2 x",
        "joint, embed/nDCG@10: never above the untrained model",
    ]
    assert [budget_name(share) for share in (0.0, 0.25, 1.0, 1.5)] == [
        *("untrained", "1/4 x", "1 x", "1.5 x")
    ]


def test_tables_hold_every_budget_and_say_what_the_rate_means() -> None:
    table = markdown(curve_table(FOUND))
    assert "| untrained | 1/2 x | 1 x | 2 x | BM25 |" in table
    assert "| 0.4000 | 0.5000 | <u>0.6000</u> | **0.8000** | 0.5000 | +25.00 % |" in table
    assert "would have brought it down" in table
    assert "test queries stay unseen" in table
    budgets = markdown(budget_table(FOUND))
    assert "| joint | 1 x | 20 | embed 320, rerank 320 | 50.0 % | 30.0 s |" in budgets
    rows = learning_csv(FOUND).splitlines()
    assert len(rows) == 1 + 2 * 4 * 2
    assert rows[3] == "alone,42,0.5,10,15.0,0.75,nDCG@10,0.5"


def test_a_constant_rate_and_a_staged_arm_are_told_apart() -> None:
    steady = FOUND.curves[0].model_copy(update={"annealed": False})
    staged = FOUND.curves[1].model_copy(update={"staged": True})
    words = " ".join(curve_captions(FOUND.model_copy(update={"curves": (steady, staged)})))
    assert "alone: Its learning rate stays at its peak" in words
    assert "joint: Its learning rate falls" in words
    assert "joint is staged" in words


def test_specialists_and_joint_arms_share_a_panel_and_the_figure_renders_twice_alike() -> None:
    assert panel_names(FOUND.curves) == ["embed/nDCG@10"]
    first, second = (render(learning_plot(FOUND), ("svg",))["svg"] for _ in range(2))
    assert first == second
    assert b"share of the study" in first


def test_the_record_is_read_back(tmp_path: Path) -> None:
    write_learning(tmp_path / "learning.json", FOUND)
    assert read_learning(tmp_path / "learning.json") == FOUND
