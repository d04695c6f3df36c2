"""Models side by side on data sets: one table a measure, and everything that has no score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gonogo.analysis.records.effects import ArmScore, GroupMean
from gonogo.report.cells.table_csv import csv_text
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.cells.tables import Column, Number, Row, Table, Text
from gonogo.report.tables.comparison import Compared, comparison_table
from gonogo.report.words.judged import ordered, slug

PLAIN_NAMES = {"RR@10": "MRR@10", "R@100": "Recall@100", "AP@100": "MAP@100"}


@dataclass(frozen=True)
class SetRow:
    """What became of one model on one set."""

    model: str
    dataset: str
    status: str
    note: str
    queries: int
    documents: int
    seconds: float


@dataclass(frozen=True)
class ModelComparison:
    """Everything that these tables show."""

    rows: Sequence[SetRow]
    scores: Sequence[ArmScore]
    means: Sequence[GroupMean]

    @property
    def metrics(self) -> list[str]:
        """Measures in order."""
        return ordered(score.metric for score in self.scores)


def metric_table(found: ModelComparison, metric: str) -> Table:
    """Make the table of one measure: a line for each model, failing sets among the columns."""
    own = [score for score in found.scores if score.metric == metric]
    means = [mean for mean in found.means if mean.metric == metric]
    plain = f" ({PLAIN_NAMES[metric]})" if metric in PLAIN_NAMES else ""
    table = comparison_table(slug(metric), f"{metric}{plain}", Compared(own, means))
    return _with_failures(table, found)


def _with_failures(table: Table, found: ModelComparison) -> Table:
    """Write ``error`` where a set failed, and give a column to sets that failed for all models."""
    status = {(row.model, row.dataset): row.status for row in found.rows if row.status != "scored"}
    failed = ordered(name for (_, name), state in status.items() if state == "error")
    known = [column.name for column in table.columns]
    extra = [name for name in failed if name not in known]
    columns = (*table.columns, *(Column(name, name) for name in extra))
    models = ordered(row.model for row in found.rows)
    cells = {str(getattr(row.cells[0], "text", "")): row.cells for row in table.rows}
    rows = []
    for model in models:
        own = cells.get(model, (Text(model), *(Number(None, "score") for _ in known[1:])))
        named = zip(columns, (*own, *(Number(None, "score") for _ in extra)), strict=True)
        rows.append(
            Row(tuple(Text(s) if (s := status.get((model, c.name))) else cell for c, cell in named))
        )
    return Table(table.name, table.title, columns, tuple(rows), table.caption, down=True)


def missing_table(found: ModelComparison) -> Table:
    """List every set that has no score, and why."""
    rows = [row for row in found.rows if row.status != "scored"]
    by_set: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        by_set.setdefault((row.dataset, row.status, row.note), []).append(row.model)
    return Table(
        "missing",
        "Sets without a score",
        (Column("set"), Column("what"), Column("models"), Column("why")),
        tuple(
            Row((Text(name), Text(status), Text(", ".join(models)), Text(note)))
            for (name, status, note), models in by_set.items()
        ),
        caption="A set that any model lacks is in nobody's mean.",
    )


def size_table(found: ModelComparison) -> Table:
    """List the sets that were scored, with their sizes and times."""
    rows = [row for row in found.rows if row.status == "scored"]
    return Table(
        "sets",
        "What was scored",
        (Column("model"), Column("set"), Column("queries"), Column("documents"), Column("seconds")),
        tuple(
            Row(
                (
                    Text(row.model),
                    Text(row.dataset),
                    Number(row.queries, "count"),
                    Number(row.documents, "count"),
                    Number(row.seconds, "degrees"),
                )
            )
            for row in rows
        ),
    )


def tables(found: ModelComparison) -> list[Table]:
    """Make all tables, empty ones left out."""
    made = [*(metric_table(found, metric) for metric in found.metrics)]
    made += [missing_table(found), size_table(found)]
    return [table for table in made if table.rows]


def markdown_page(found: ModelComparison, command: str) -> str:
    """Write all tables as one Markdown page."""
    return "\n".join([*(markdown(table) for table in tables(found)), f"    {command}", ""])


def tidy_csv(found: ModelComparison) -> str:
    """Write one row a model, set and measure; means and sets without a score among them."""
    header = ("model", "set", "metric", "value", "low", "high", "queries", "status", "note")
    rows: list[tuple[str | int | float | None, ...]] = [
        (
            mean.arm,
            f"mean, {mean.group}",
            mean.metric,
            mean.mean,
            *_bounds(mean),
            mean.queries,
            "scored",
            f"over {', '.join(mean.datasets)}",
        )
        for mean in found.means
    ]
    rows += [
        (s.arm, s.dataset, s.metric, s.mean, *_bounds(s), s.queries, "scored", "")
        for s in found.scores
    ]
    rows += [
        (row.model, row.dataset, "", None, None, None, None, row.status, row.note)
        for row in found.rows
        if row.status != "scored"
    ]
    return csv_text(header, rows)


def _bounds(score: ArmScore) -> tuple[float | None, float | None]:
    return (score.interval.low, score.interval.high) if score.interval else (None, None)


def as_json(found: ModelComparison, command: str) -> dict[str, Any]:
    """Return everything for machines: sets, scores, and means with the sets that they are over."""
    return {
        "command": command,
        "sets": [vars(row) for row in found.rows],
        "scores": [score.model_dump(mode="json") for score in found.scores],
        "means": [mean.model_dump(mode="json") for mean in found.means],
        "not_available": {
            row.dataset: row.note for row in found.rows if row.status == "not available"
        },
    }
