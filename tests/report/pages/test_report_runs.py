"""Runs in a report: one table of them, one of their seeds, and the study's own summary.csv."""

from __future__ import annotations

import csv
import io

import pytest

from gonogo.analysis.records.run_table import RunTable, SeedOfRun, make_run, make_run_table
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.table_text import text
from gonogo.report.pages.contents import contents
from gonogo.report.pages.summary import summary_csv
from gonogo.report.pages.writing import report_files
from gonogo.report.tables.run_tables import run_lines, run_table, runs_csv

COLUMNS = ("run_id", "experiment", "seeds", "lr", "threshold", "status", "recall")


@pytest.fixture
def runs() -> RunTable:
    """Return a success on two seeds and a failure whose words came from elsewhere."""
    made = []
    for name, seeds in {
        "both": [
            SeedOfRun(seed=0, status="success", figures={"recall": 0.8}),
            SeedOfRun(seed=1, status="success", figures={"recall": 0.9}),
        ],
        "bad": [SeedOfRun(seed=0, status="failed", reason="no\nmemory\x1b[31m <b>left</b>")],
    }.items():
        values = {
            "run_id": f"id_{name}",
            "experiment": name,
            "seeds": ",".join(str(seed.seed) for seed in seeds),
            "lr": 5e-5,
            "threshold": None,
        }
        run = make_run(name, f"id_{name}", values, seeds, ("recall",))
        made.append(run.model_copy(update={"values": {**run.values, "status": run.status}}))
    return make_run_table(COLUMNS, ("recall",), "recall", made)


def test_csv_is_in_full_precision_with_empty_fields_for_the_unknown(runs: RunTable) -> None:
    first, second = csv.DictReader(io.StringIO(runs_csv(runs)))
    assert list(first) == list(COLUMNS)
    assert (first["seeds"], first["lr"], first["threshold"]) == ("0,1", "5e-05", "")
    assert float(first["recall"]) == pytest.approx(0.85)
    assert (second["status"], second["recall"]) == ("failed", "")


def test_the_table_has_every_column_once_and_the_spread(runs: RunTable) -> None:
    table = run_table(runs)
    assert sorted(column.name for column in table.columns) == sorted(COLUMNS)
    assert "0.8500 ± 0.0707" in text(table)


def test_lines_name_the_best_the_averages_and_what_is_left(runs: RunTable) -> None:
    assert run_lines(runs) == [
        "Best by recall",
        "  1. both: 0.8500 ± 0.0707 (id_both)",
        "",
        "Averages over 1 successful run",
        "  recall: 0.8500",
        "",
        "Failed or incomplete",
        "  bad: failed: seed 0: no memory [31m <b>left</b>",
        "",
    ]


def test_the_page_and_the_summaries_show_the_runs(verdict: VerdictFile, runs: RunTable) -> None:
    assert contents(verdict).runs == ()
    assert 'id="runs"' not in report_files(verdict)["report.html"].decode()
    shown = verdict.model_copy(update={"runs": runs})
    files = report_files(shown)
    page = files["report.html"].decode()
    assert '<section id="runs">' in page
    assert "&lt;b&gt;left&lt;/b&gt;" in page
    assert files["summary.csv"].decode() == summary_csv(shown) == runs_csv(runs)
    assert "## Runs" in files["report.md"].decode()
    assert "tables/runs_by_seed.csv" in files
    again = VerdictFile.model_validate_json(shown.model_dump_json(by_alias=True))
    assert report_files(again)["summary.csv"] == files["summary.csv"]
