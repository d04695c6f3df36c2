"""A comparison as frames and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from gonogo.report.cells.tables import Column, Number, Row, Table, Text

if TYPE_CHECKING:
    from gonogo.analysis.deciding.compare import Comparison
    from gonogo.analysis.records.effects import Effect


def means_table(found: Comparison) -> Table:
    """Return the mean of every system, a line for each measure, task and data set."""
    cells = {(row.task, row.dataset, row.metric, row.arm): row for row in found.means}
    every = dict.fromkeys((row.metric, row.task, row.dataset) for row in found.means)
    places = [place for place in every if place[2] is not None or _several(every, place[1])]
    columns = [Column("measure"), Column("task"), Column("data set")]
    columns += [Column(system, group="systems") for system in found.systems]
    rows = []
    for metric, task, dataset in places:
        mine = [cells.get((task, dataset, metric, system)) for system in found.systems]
        numbers = [
            Number(row.mean if row else None, "score", std=row.std if row else None) for row in mine
        ]
        names = (Text(metric), Text(task), Text(dataset or "mean over data sets"))
        rows.append(Row((*names, *numbers)))
    return Table("means", "Means (* best, + second)", tuple(columns), tuple(rows))


def _several(places: Iterable[tuple[str, str, str | None]], task: str) -> bool:
    """Say whether a task has several data sets, so that their mean is a number of its own."""
    return len({dataset for _, of, dataset in places if of == task and dataset is not None}) > 1


def pairs_table(found: Comparison) -> Table:
    """Return every pair's difference with its interval and its test."""
    heads = ("measure", "task", "pair", "difference", "p (Holm)", "better", "equal", "worse")
    rows = []
    for pair in found.pairs:
        one = pair.effect
        low, high = _bounds(one)
        rows.append(
            Row(
                (
                    Text(one.metric),
                    Text(one.task),
                    Text(f"{one.candidate} − {one.reference}"),
                    Number(one.difference.value, "signed", low=low, high=high),
                    Number(one.test.p_holm, "p"),
                    Number(one.test.wins, "count"),
                    Number(one.test.ties, "count"),
                    Number(one.test.losses, "count"),
                )
            )
        )
    return Table("pairs", "Paired differences", tuple(map(Column, heads)), tuple(rows))


def _bounds(one: Effect) -> tuple[float | None, float | None]:
    interval = one.difference.interval
    return (None, None) if interval is None else (interval.low, interval.high)


def pairs_frame(found: Comparison) -> pl.DataFrame:
    """Return a row for each pair of systems, task and metric."""
    rows = []
    for pair in found.pairs:
        one, test = pair.effect, pair.effect.test
        low, high = _bounds(one)
        rows.append(
            {
                "metric": one.metric,
                "task": one.task,
                "candidate": one.candidate,
                "reference": one.reference,
                "difference": one.difference.value,
                "low": low,
                "high": high,
                "p_permutation": test.p_permutation,
                "p_holm": test.p_holm,
                "p_t": test.p_t,
                "p_wilcoxon": test.p_wilcoxon,
                "effect_size": test.effect_size,
                "wins": test.wins,
                "ties": test.ties,
                "losses": test.losses,
                "seeds": one.difference.seeds,
                "queries": one.difference.queries,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def means_frame(found: Comparison) -> pl.DataFrame:
    """Return the mean of each system by task, data set and metric."""
    rows = [
        {
            "system": one.arm,
            "task": one.task,
            "dataset": one.dataset,
            "metric": one.metric,
            "mean": one.mean,
            "std": one.std,
            "seeds": one.seeds,
            "queries": one.queries,
        }
        for one in found.means
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def queries_frame(found: Comparison) -> pl.DataFrame:
    """Return the queries that each pair gained and lost most on."""
    rows = [
        {
            "metric": pair.effect.metric,
            "candidate": pair.effect.candidate,
            "reference": pair.effect.reference,
            "dataset": one.dataset,
            "query_id": one.query_id,
            "before": one.reference,
            "after": one.candidate,
            "difference": one.difference,
        }
        for pair in found.pairs
        for one in (*pair.improved, *pair.worsened)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)
