"""summary.csv for machines and summary.txt for a terminal."""

from __future__ import annotations

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import one_line
from gonogo.report.cells.table_csv import csv_text
from gonogo.report.cells.table_text import text
from gonogo.report.pages.console import verdict_lines
from gonogo.report.pages.contents import Contents
from gonogo.report.tables.run_tables import run_lines, runs_csv
from gonogo.report.words.judged import judged_meaning

COLUMNS = (
    "study",
    "tier",
    "arm",
    "task",
    "dataset",
    "metric",
    "mean",
    "std",
    "seeds",
    "queries",
    "off_task",
    "reference",
)
ALL_DATASETS = "(mean)"
"""Stands in the column ``dataset`` for the mean over data sets."""


def summary_csv(verdict: VerdictFile) -> str:
    """Write the runs with the study's own columns, for a study that has such a summary.

    For any other one row per arm x task x data set x metric; all in full precision.
    """
    if verdict.runs is not None:
        return runs_csv(verdict.runs)
    return csv_text(
        COLUMNS,
        [
            (
                verdict.study,
                verdict.tier,
                score.arm,
                score.task,
                ALL_DATASETS if score.dataset is None else score.dataset,
                score.metric,
                score.mean,
                score.std,
                score.seeds,
                score.queries,
                str(score.off_task).lower(),
                str(score.reference).lower(),
            )
            for score in verdict.scores
        ],
    )


def summary_text(verdict: VerdictFile, contents: Contents) -> str:
    """Write the verdict, then the main tables, as plain text."""
    head = [one_line(f"{verdict.study}, tier {verdict.tier}, {verdict.created}")]
    head += [one_line(verdict.question)] if verdict.question else []
    runs = [] if verdict.runs is None else run_lines(verdict.runs)
    tables = (
        *contents.runs,
        *contents.effects,
        *contents.scores,
        *contents.costs,
        *contents.changes,
    )
    meaning = [judged_meaning(verdict), ""] if verdict.effects else []
    foot = ["Again:", f"  {one_line(verdict.command)}"] if verdict.command else []
    parts = [
        "\n".join([*verdict_lines(verdict), "", *head, "", *runs, *meaning]),
        *(text(table) for table in tables),
        "\n".join(foot),
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"
