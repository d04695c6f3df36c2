"""What validation looks saw: one panel a figure, one colour an arm, one line a seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.records.evidence import LookCurve
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.core.metrics import bm25_figure, is_bm25_figure
from gonogo.report.plots.style import (
    MUTED,
    WIDTH,
    Plot,
    arm_colours,
    legend_below,
    numbers,
    short,
)
from gonogo.report.words.judged import ordered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 2
_HEIGHT = 1.5
"""Inches a row of panels."""


def look_plots(verdict: VerdictFile) -> list[Plot]:
    """One figure, where some trial has taken two looks or more."""
    looks = [look for look in verdict.evidence.looks if len(look.steps) > 1]
    if not looks:
        return []
    arms, names = ordered(look.arm for look in looks), figure_names(looks)
    colours = arm_colours(verdict)
    return [
        Plot(
            name="looks",
            title="What validation saw while training",
            alt=f"{', '.join(names)} by optimiser step for {', '.join(arms)}; a line a seed.",
            draw=partial(draw_looks, looks=looks, colours=colours),
            family="looks",
        )
    ]


def figure_names(looks: Sequence[LookCurve]) -> list[str]:
    """Return the figures that have a value in some look, in the order of their appearance.

    BM25's, which no training moves, stand in the panels of the model's.
    """
    return ordered(
        name
        for look in looks
        for name, values in look.figures.items()
        if any(value is not None for value in values) and not is_bm25_figure(name)
    )


def draw_looks(figure: Figure, *, looks: Sequence[LookCurve], colours: dict[str, str]) -> None:
    """Draw the panels row by row; the x axis is the same in all of them."""
    names = figure_names(looks)
    rows = -(-len(names) // _COLUMNS)
    figure.set_size_inches(WIDTH, 0.9 + _HEIGHT * rows)
    panels = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        _panel(axes, name, looks, colours)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for axes in panels.flat[max(0, len(names) - _COLUMNS) : len(names)]:
        axes.tick_params(labelbottom=True)
    for axes in panels[-1]:
        axes.set_xlabel("optimiser step")
    _legend(figure, panels.flat[0], looks, colours)


def _panel(axes: Axes, name: str, looks: Sequence[LookCurve], colours: dict[str, str]) -> None:
    axes.set_title(short(name, 24), fontsize=10.5, loc="left")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    for look in looks:
        values = numbers(look.figures.get(name, ()))
        if len(values):
            axes.plot(look.steps, values, color=colours[look.arm], linewidth=1.0, alpha=0.8)
        words = [value for value in look.figures.get(bm25_figure(name), ()) if value is not None]
        if words:
            axes.axhline(words[-1], color=MUTED, linestyle="dotted", linewidth=1.0)


def _legend(
    figure: Figure, axes: Axes, looks: Sequence[LookCurve], colours: dict[str, str]
) -> None:
    for arm in ordered(look.arm for look in looks):
        axes.plot([], [], color=colours[arm], label=arm)
    if any(is_bm25_figure(name) for look in looks for name in look.figures):
        axes.plot([], [], color=MUTED, linestyle="dotted", label="BM25, same documents")
    legend_below(figure, axes)
