"""A comparison as frames and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from gonogo.analysis.tables.measures import higher_is_better
from gonogo.report.cells.tables import Column, Number, Row, Table, Text

if TYPE_CHECKING:
    from gonogo.analysis.deciding.compare import Comparison
    from gonogo.analysis.records.effects import Effect
    from gonogo.analysis.records.model_judged import ModelJudged

_PAIRS = (
    "metric", "task", "candidate", "reference", "difference", "low", "high", "p_permutation",
    "p_holm", "p_t", "p_wilcoxon", "effect_size", "wins", "ties", "losses", "seeds", "queries",
)  # fmt: skip
_MEANS = ("system", "task", "dataset", "metric", "mean", "std", "seeds", "queries")
_QUERIES = (
    "metric", "candidate", "reference", "dataset", "query_id", "before", "after", "difference",
)  # fmt: skip
_MODEL_JUDGED = (
    "metric", "task", "candidate", "reference", "value", "low", "high", "human_value",
    "human_low", "human_high", "model_value", "seeds", "human_queries", "model_queries",
)  # fmt: skip
_TEXTS = {"system", "task", "dataset", "metric", "candidate", "reference", "query_id"}
_COUNTS = {"wins", "ties", "losses", "seeds", "queries", "human_queries", "model_queries"}


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
        rows.append(Row((*names, *numbers), ranked=higher_is_better(metric)))
    return Table("means", "Means (* best, + second)", tuple(columns), tuple(rows))


def _several(places: Iterable[tuple[str, str, str | None]], task: str) -> bool:
    """Say whether a task has several data sets, so that their mean is a number of its own."""
    return len({dataset for _, of, dataset in places if of == task and dataset is not None}) > 1


def unranked(found: Comparison) -> tuple[str, ...]:
    """Name the measures of which nobody knows whether higher is better."""
    return tuple(
        f"{metric}: whether higher is better is not known, so nothing is marked best"
        for metric in dict.fromkeys(row.metric for row in found.means)
        if not higher_is_better(metric)
    )


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


def _frame(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Return a frame whose types do not hang on what its rows happen to hold."""
    schema = {
        name: pl.String() if name in _TEXTS else pl.Int64() if name in _COUNTS else pl.Float64()
        for name in names
    }
    return pl.DataFrame([{name: row[name] for name in names} for row in rows], schema=schema)


def pairs_frame(found: Comparison) -> pl.DataFrame:
    """Return a row for each pair of systems, task and metric."""
    rows = []
    for pair in found.pairs:
        one, (low, high) = pair.effect, _bounds(pair.effect)
        difference, test = vars(one.difference), vars(one.test)
        own = {"difference": one.difference.value, "low": low, "high": high}
        rows.append({**vars(one), **test, **difference, **own})
    return _frame(_PAIRS, rows)


def means_frame(found: Comparison) -> pl.DataFrame:
    """Return the mean of each system by task, data set and metric."""
    return _frame(_MEANS, ({"system": one.arm, **vars(one)} for one in found.means))


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
    return _frame(_QUERIES, rows)


def model_judged_frame(found: Sequence[ModelJudged]) -> pl.DataFrame:
    """Return a row for each pair of systems, task and metric that a model judged, too."""
    return _frame(_MODEL_JUDGED, map(vars, found))
