"""Learning curves as tables: figures by budget, and what each budget has seen and taken."""

from __future__ import annotations

from collections.abc import Iterator

from gonogo.analysis.records.learning_curves import LearningCurve, LearningFile, rise
from gonogo.core.metrics import bm25_figure
from gonogo.report.cells.table_csv import Value, csv_text
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text, columns
from gonogo.report.words.learning_words import budget_name, curve_captions


def learning_tables(found: LearningFile) -> tuple[Table, ...]:
    """Make the table of figures and that of budgets."""
    return curve_table(found), budget_table(found)


def curve_table(found: LearningFile) -> Table:
    """One line a figure of an arm, one column a budget, beside BM25 on the same documents."""
    shares = (0.0, *found.shares)
    rows = [
        Row((Text(curve.arm), Text(figure), *_values(curve, figure, found)))
        for curve in found.curves
        for figure in curve.figures
    ]
    last = [f"{budget_name(share)} over {budget_name(before)}" for before, share in _steps(found)]
    return Table(
        name="learning",
        title=f"{found.study}, tier {found.tier}, seed {found.seed}: what each budget brings",
        columns=(
            *columns("arm", "figure"),
            *(Column(budget_name(share), group="budget") for share in shares),
            *columns("BM25", *last),
        ),
        rows=tuple(rows),
        caption=" ".join(curve_captions(found)),
    )


def _steps(found: LearningFile) -> list[tuple[float, float]]:
    """Return the last two budgets, between which a rise is told."""
    return [(found.shares[-2], found.shares[-1])] if len(found.shares) > 1 else []


def _values(curve: LearningCurve, figure: str, found: LearningFile) -> Iterator[Cell]:
    for share in (0.0, *found.shares):
        yield Number(curve.value(figure, share), "score")
    words = [curve.value(bm25_figure(figure), share) for share in (0.0, *found.shares)]
    yield Number(next((value for value in words if value is not None), None), "score")
    for pair in _steps(found):
        yield Number(rise(curve, figure, pair), "percent")


def budget_table(found: LearningFile) -> Table:
    """One line an arm and budget: steps, exposure, learning rate, time."""
    return Table(
        name="learning_budgets",
        title="What each budget is",
        columns=columns("arm", "budget", "steps", "examples", "learning rate", "time"),
        rows=tuple(
            Row(
                (
                    Text(curve.arm),
                    Text(budget_name(point.share)),
                    Number(point.step, "count"),
                    Text(", ".join(f"{task} {n:,}" for task, n in point.examples.items()) or "0"),
                    Number(point.rate, "share"),
                    Number(point.seconds, "seconds"),
                )
            )
            for curve in found.curves
            for point in curve.points
        ),
        caption="Examples seen by each task; the learning rate as a share of the highest of the "
        "training; the time of the steps alone, without looks and preparation.",
    )


def learning_csv(found: LearningFile) -> str:
    """Write one line an arm, budget and figure, in full precision."""
    header = ("arm", "seed", "budget", "step", "seconds", "learning_rate_share", "figure", "value")
    rows: list[tuple[Value, ...]] = [
        (curve.arm, found.seed, point.share, point.step, point.seconds, point.rate, figure, value)
        for curve in found.curves
        for point in curve.points
        for figure, value in point.figures.items()
    ]
    return csv_text(header, rows)
