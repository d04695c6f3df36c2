"""Forest plots: effects with intervals against the gate's lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.records.effects import Effect, Estimate
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit, number, threshold
from gonogo.report.plots.style import (
    ACCENT,
    DASHES,
    FAINT,
    GRID,
    INK,
    MUTED,
    WIDTH,
    Plot,
    legend_below,
    short,
)
from gonogo.report.words.judged import (
    effect_name,
    judged,
    judged_name,
    judged_unit,
    ordered,
    parts_of,
    slug,
    whole_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FARTHEST = 8.0
"""A point farther than this many times the lines and means is shown as an arrow at the edge."""


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot; ``main`` rows are the ones that the gate judges."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    main: bool = False


@dataclass(frozen=True)
class _Panel:
    """One plot to be: what it is called, its lines from top to bottom, those of the gate."""

    label: str
    title: str
    what: str
    rows: Sequence[ForestRow]
    lines: dict[str, float]


def forest_plots(verdict: VerdictFile) -> list[Plot]:
    """One forest plot an effect, all on one scale; one more for measured values.

    Effects of a single line each share a plot.
    """
    unit, name = judged_unit(verdict), judged_name(verdict)
    panels = _joined([_panel(verdict, effect) for effect in verdict.effects], name)
    limits = _limits([panel.rows for panel in panels], [panel.lines for panel in panels])
    plots = [
        Plot(
            name=slug("forest", panel.label),
            title=panel.title,
            alt=_alt(panel.what, panel.rows, unit),
            draw=partial(
                draw_forest,
                rows=panel.rows,
                lines=panel.lines,
                unit=unit,
                name=name,
                limits=limits,
            ),
            family="forest",
        )
        for panel in panels
    ]
    return plots + _measurement_plots(verdict)


def _panel(verdict: VerdictFile, effect: Effect) -> _Panel:
    label, name = effect_name(verdict, effect), judged_name(verdict)
    rows = _effect_rows(verdict, effect)
    where = "each data set" if len(rows) > 1 else rows[0].label
    what = f"{name} of {effect.candidate} against {effect.reference}"
    return _Panel(label, f"{label}: {name} on {where}", what, rows, effect.lines)


def _joined(panels: Sequence[_Panel], name: str) -> list[_Panel]:
    """Leave out panels without a value; put those of one line each into one, by their labels."""
    shown = [one for one in panels if any(row.value is not None for row in one.rows)]
    alike = all(len(one.rows) == 1 and one.lines == shown[0].lines for one in shown)
    if len(shown) < 2 or not alike:
        return shown
    where = ", ".join(ordered(one.rows[0].label for one in shown))
    rows = [replace(one.rows[0], label=one.label) for one in shown]
    title = f"{name} on {where}"
    return [_Panel(name, title, title, rows, shown[0].lines)]


def _measurement_plots(verdict: VerdictFile) -> list[Plot]:
    plots = []
    for one in verdict.measurements:
        rows = [_row(one.arm, one.estimate, main=True)]
        if rows[0].value is not None:
            limits = _limits([rows], [one.bands], around_zero=False)
            plots.append(
                Plot(
                    name=slug("bands", one.task, one.metric, one.arm),
                    title=f"{one.task}: {one.metric} against the bands",
                    alt=_alt(f"{one.metric} of {one.arm}", rows, "score"),
                    draw=partial(
                        draw_forest,
                        rows=rows,
                        lines=one.bands,
                        unit="score",
                        name=one.metric,
                        limits=limits,
                    ),
                    family="forest",
                )
            )
    return plots


def _row(label: str, estimate: Estimate | None, *, main: bool = False) -> ForestRow:
    if estimate is None or estimate.interval is None:
        return ForestRow(label, None if estimate is None else estimate.value, main=main)
    return ForestRow(label, estimate.value, estimate.interval.low, estimate.interval.high, main)


def _effect_rows(verdict: VerdictFile, effect: Effect) -> list[ForestRow]:
    rows = [_row(whole_name(effect), judged(verdict, effect), main=True)]
    return rows + [_row(one.dataset, judged(verdict, one)) for one in parts_of(verdict, effect)]


def _alt(what: str, rows: Sequence[ForestRow], unit: Unit) -> str:
    parts = []
    for row in rows:
        reach = ""
        if row.low is not None and row.high is not None:
            reach = f", interval {number(row.low, unit)} to {number(row.high, unit)}"
        parts.append(f"{row.label} {number(row.value, unit)}{reach}")
    return f"Forest plot of {what}: {'; '.join(parts)}."


def _limits(
    panels: Sequence[Sequence[ForestRow]],
    lines: Sequence[dict[str, float]],
    *,
    around_zero: bool = True,
) -> tuple[float, float]:
    """One scale for all panels on which lines, means and nearly all intervals stand."""
    anchors = [value for some in lines for value in some.values()] + ([0.0] if around_zero else [])
    for rows in panels:
        for row in rows:
            if row.main:
                anchors += [v for v in (row.value, row.low, row.high) if v is not None]
    if not anchors:
        return -0.01, 0.01
    far = _FARTHEST * max(*map(abs, anchors), 1e-6)
    values = [
        value
        for rows in panels
        for row in rows
        for value in (row.value, row.low, row.high)
        if value is not None and abs(value) <= far
    ]
    low, high = min(*anchors, *values, max(anchors)), max(*anchors, *values, min(anchors))
    margin = 0.06 * max(high - low, 1e-6)
    return low - margin, high + margin


def draw_forest(
    figure: Figure,
    *,
    rows: Sequence[ForestRow],
    lines: dict[str, float],
    unit: Unit,
    name: str,
    limits: tuple[float, float],
) -> None:
    """Draw rows from top to bottom with vertical lines; what leaves the scale gets an arrow."""
    figure.set_size_inches(WIDTH, 1.35 + 0.3 * len(rows) + 0.2 * ((len(lines) + 1) // 2))
    axes = figure.add_subplot()
    axes.set_xlim(limits)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    if limits[0] < 0 < limits[1]:
        axes.axvline(0, color=GRID, linewidth=2.5, zorder=0)
    for place, (label, value) in enumerate(sorted(lines.items(), key=lambda line: line[1])):
        axes.axvline(
            value,
            color=MUTED,
            linewidth=1.2,
            linestyle=DASHES[place % len(DASHES)],
            zorder=1,
            label=f"{label}: {threshold(value, unit)}",
        )
    for place, row in enumerate(rows):
        _draw_row(axes, place, row, limits, unit)
    if any(not row.main for row in rows):
        axes.axhline(0.5, color=GRID, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [short(row.label, 22) for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(name if unit != "percent" else f"{name} in %")
    if unit == "percent":
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}".replace("-", "−"))
    legend_below(figure, axes)


def _draw_row(
    axes: Axes, place: int, row: ForestRow, limits: tuple[float, float], unit: Unit
) -> None:
    colour = ACCENT if row.main else INK
    side = axes.get_yaxis_transform()
    words = number(row.value, unit).replace("-", "−")
    weight = "bold" if row.main else "normal"
    axes.text(1.02, place, words, transform=side, va="center", color=colour, fontweight=weight)
    if row.value is None:
        axes.text(0.5, place, "undefined", transform=side, va="center", ha="center", color=MUTED)
        return
    low, high = limits
    if row.low is not None and row.high is not None:
        ends = min(max(row.low, low), high), min(max(row.high, low), high)
        axes.plot(
            ends,
            (place, place),
            color=colour,
            linewidth=2.4 if row.main else 1.4,
            solid_capstyle="butt",
        )
        for end, beyond, shape in ((low, row.low < low, "<"), (high, row.high > high, ">")):
            if beyond:
                axes.plot(end, place, shape, color=FAINT, markersize=6, clip_on=False)
    inside = low <= row.value <= high
    if inside:
        axes.plot(
            row.value,
            place,
            "D" if row.main else "s",
            color=colour,
            markersize=7 if row.main else 5,
        )
