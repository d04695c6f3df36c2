"""Effects and measurements: what the gate looked at, with intervals."""

from __future__ import annotations

from gonogo.analysis.records.effects import DatasetEffect, Effect, Interval, Measurement
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit, level, number, threshold
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text, columns
from gonogo.report.words.judged import (
    effect_name,
    estimate_cell,
    interval_words,
    is_ratio,
    judged,
    judged_name,
    judged_unit,
    parts_of,
    slug,
    whole_name,
)


def effect_table(verdict: VerdictFile, effect: Effect) -> Table:
    """One effect on all data sets together and on each, largest first."""
    rows = [
        Row(
            (
                Text(whole_name(effect)),
                *_effects(verdict, effect),
                _overall(verdict, effect, effect.reference),
                _overall(verdict, effect, effect.candidate),
                *_tested(effect),
            ),
            summary=True,
        )
    ]
    rows += [
        Row(
            (
                Text(row.dataset),
                *_effects(verdict, row),
                estimate_cell(row.reference, "score"),
                estimate_cell(row.candidate, "score"),
                *_tested(row),
            )
        )
        for row in parts_of(verdict, effect)
    ]
    estimates = [judged(verdict, effect), *(judged(verdict, row) for row in effect.datasets)]
    how = interval_words(None if one is None else one.interval for one in estimates)
    ratio = (Column("TIR"),) if is_ratio(verdict) else ()
    return Table(
        name=slug("effect", effect.task, effect.candidate, "against", effect.reference),
        title=f"{effect.task}: {effect.candidate} against {effect.reference}, {effect.metric}",
        columns=(
            Column("data set"),
            *ratio,
            *columns("difference", effect.reference, effect.candidate, "p (Holm)", "queries"),
        ),
        rows=tuple(rows),
        caption=f"Ranges: {how}." if how else "",
    )


def _overall(verdict: VerdictFile, effect: Effect, arm: str) -> Number:
    """Show an arm's mean over data sets, where the scores have it."""
    for score in verdict.scores:
        place = (score.arm, score.task, score.metric, score.dataset)
        if place == (arm, effect.task, effect.metric, None):
            return Number(score.mean, "score", std=score.std)
    return Number(None, "score")


def _effects(verdict: VerdictFile, row: Effect | DatasetEffect) -> tuple[Cell, ...]:
    ratio = (estimate_cell(row.ratio, "percent", interval=True),) if is_ratio(verdict) else ()
    return (*ratio, estimate_cell(row.difference, "signed", interval=True))


def _tested(row: Effect | DatasetEffect) -> tuple[Cell, ...]:
    return Number(row.test.p_holm, "p"), Number(row.difference.queries, "count")


def seed_table(verdict: VerdictFile) -> Table:
    """Every effect's value on each seed."""
    ratio = (Column("TIR"),) if is_ratio(verdict) else ()
    rows = []
    for effect in verdict.effects:
        for point in effect.per_seed:
            cells: list[Cell] = [
                Text(effect_name(verdict, effect)),
                Number(point.seed, "plain"),
                Number(point.reference, "score"),
                Number(point.candidate, "score"),
                Number(point.difference, "signed"),
            ]
            cells += [Number(point.ratio, "percent")] if is_ratio(verdict) else []
            rows.append(Row(tuple(cells)))
    return Table(
        name="seeds",
        title="Each seed",
        columns=(*columns("task", "seed", "reference", "candidate", "difference"), *ratio),
        rows=tuple(rows),
        caption="Means over data sets with equal weight.",
    )


def interval_table(verdict: VerdictFile) -> Table:
    """List the judged figure's intervals by every method, for those who expect another one."""
    unit = judged_unit(verdict)
    rows = []
    for effect in verdict.effects:
        estimate = judged(verdict, effect)
        shown = () if estimate is None else (estimate.interval, *estimate.others)
        for place, interval in enumerate(shown):
            if interval is not None:
                task = effect_name(verdict, effect)
                rows.append(_interval_row(task, interval, unit, used=place == 0))
    return Table(
        name="intervals",
        title=f"Intervals of {judged_name(verdict)} by method",
        columns=columns("task", "method", "level", "low", "high", "degrees of freedom", "note"),
        rows=tuple(rows),
        caption="The words of the verdict rest on the method marked as used.",
    )


def _interval_row(task: str, interval: Interval, unit: Unit, *, used: bool) -> Row:
    note = "; ".join(word for word in ("used" if used else "", interval.note) if word)
    return Row(
        (
            Text(task),
            Text(interval.method),
            Text(level(interval.level)),
            Number(interval.low, unit),
            Number(interval.high, unit),
            Number(interval.df, "degrees"),
            Text(note),
        )
    )


def measurement_table(measurements: tuple[Measurement, ...]) -> Table:
    """Measured values against named bands."""
    return Table(
        name="measurements",
        title="Measured values",
        columns=columns("task", "arm", "metric", "value", "band", "bands from"),
        rows=tuple(
            Row(
                (
                    Text(one.task),
                    Text(one.arm),
                    Text(one.metric),
                    estimate_cell(one.estimate, "score", interval=True),
                    Text(one.band or number(None, "plain")),
                    Text(
                        ", ".join(
                            f"{name} {threshold(v, 'score')}" for name, v in one.bands.items()
                        )
                    ),
                )
            )
            for one in measurements
        ),
        caption=_measured(measurements),
    )


def _measured(measurements: tuple[Measurement, ...]) -> str:
    how = interval_words(one.estimate.interval for one in measurements)
    return f"Ranges: {how}." if how else ""
