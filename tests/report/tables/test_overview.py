"""The two tables of everything: every configuration, every metric and data set, in every form."""

from __future__ import annotations

from gonogo.analysis.records.effects import ArmScore
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.table_csv import csv_table
from gonogo.report.cells.table_latex import latex
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.cells.tables import Number, Table
from gonogo.report.pages.contents import contents
from gonogo.report.tables.overview import DATASETS, METRICS, overview_tables


def score(arm: str, task: str, dataset: str | None, metric: str, mean: float) -> ArmScore:
    return ArmScore(
        arm=arm, task=task, dataset=dataset, metric=metric, mean=mean, std=0.01, seeds=3, queries=9
    )


def table_of(verdict: VerdictFile, name: str) -> Table:
    return next(table for table in overview_tables(verdict) if table.name == name)


def values(table: Table, row: int) -> list[float | None]:
    return [cell.value for cell in table.rows[row].cells if isinstance(cell, Number)]


def of(verdict: VerdictFile, *scores: ArmScore) -> VerdictFile:
    return verdict.model_copy(update={"scores": scores, "effects": ()})


SCORES = (
    score("joint", "embed", None, "nDCG@10", 0.30),
    score("joint", "embed", None, "R@100", 0.70),
    score("joint", "embed", "scifact", "nDCG@10", 0.20),
    score("joint", "embed", "fiqa", "nDCG@10", 0.40),
    score("joint", "rerank", "scifact", "nDCG@10", 0.55),
    score("alone", "embed", None, "nDCG@10", 0.35),
    score("alone", "embed", "scifact", "nDCG@10", 0.25),
    score("bm25", "rerank", "scifact", "nDCG@10", 0.50).model_copy(update={"reference": True}),
)


def test_every_configuration_stands_beside_every_metric(verdict: VerdictFile) -> None:
    found = table_of(of(verdict, *SCORES), METRICS)
    assert [column.heading for column in found.columns] == [
        *("", "nDCG@10 (embed)", "R@100 (embed)", "nDCG@10 (rerank)")
    ]
    assert [row.cells[0].text for row in found.rows] == ["joint", "alone", "bm25"]  # type: ignore[union-attr]
    assert values(found, 0) == [0.30, 0.70, 0.55]  # the only data set stands for the mean
    assert values(found, 1) == [0.35, None, None]
    assert found.marks[1] == {1: "best"}


def test_every_configuration_stands_beside_every_data_set(verdict: VerdictFile) -> None:
    found = table_of(of(verdict, *SCORES), DATASETS)
    assert [column.name for column in found.columns][3:] == ["joint", "alone", "bm25"]
    first = [tuple(cell.text for cell in row.cells[:3]) for row in found.rows]  # type: ignore[union-attr]
    assert first == [
        ("embed", "scifact", "nDCG@10"),
        ("embed", "fiqa", "nDCG@10"),
        ("rerank", "scifact", "nDCG@10"),
    ]
    assert values(found, 0) == [0.20, 0.25, None]


def test_every_verdict_has_both_in_all_three_forms(any_verdict: VerdictFile) -> None:
    names = [table.name for table in contents(any_verdict)]
    if any_verdict.scores:
        assert {METRICS, DATASETS} <= set(names)
    for table in overview_tables(any_verdict):
        for written in (markdown(table), csv_table(table), latex(table)):
            assert written.count("\n") >= len(table.rows)


def test_a_wide_table_is_set_no_wider_than_the_page(verdict: VerdictFile) -> None:
    many = [score("a", f"task{n}", "one", "nDCG@10", 0.1) for n in range(12)]
    wide = latex(table_of(of(verdict, *many), METRICS))
    assert r"\resizebox{\linewidth}{!}{%" in wide
    assert r"% needs \usepackage{booktabs,graphicx}" in wide
    narrow = latex(table_of(of(verdict, *SCORES), METRICS))
    assert "resizebox" not in narrow
