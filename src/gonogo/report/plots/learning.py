"""Learning curves over the budget: one panel a task's figure, one line an arm."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.records.learning_curves import LearningCurve, LearningFile
from gonogo.core.metrics import bm25_figure
from gonogo.report.plots.style import (
    ARMS,
    DASHES,
    MUTED,
    WIDTH,
    Plot,
    legend_below,
    numbers,
    short,
)
from gonogo.report.words.judged import ordered
from gonogo.report.words.learning_words import budget_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.3
"""Inches a panel."""


def learning_plot(found: LearningFile) -> Plot:
    """Return the figure; its panels are whatever a look of some arm has."""
    names = panel_names(found.curves)
    return Plot(
        name="learning",
        title=f"{found.study}, tier {found.tier}: learning curves",
        alt=f"{', '.join(names)} by share of the training budget for "
        f"{', '.join(curve.arm for curve in found.curves)}, seed {found.seed}.",
        draw=partial(draw_learning, found=found),
        family="learning",
    )


def panel_names(curves: Sequence[LearningCurve]) -> list[str]:
    """Return ``task/figure`` of every panel: arms of one task share those of joint arms."""
    return ordered(_panel(curve, figure) for curve in curves for figure in curve.figures)


def _panel(curve: LearningCurve, figure: str) -> str:
    return figure if len(curve.tasks) > 1 else f"{curve.tasks[0]}/{figure}"


def draw_learning(figure: Figure, *, found: LearningFile) -> None:
    """Draw the panels below each other; budgets are equally far apart, as they double."""
    names = panel_names(found.curves)
    figure.set_size_inches(WIDTH, 0.8 + _HEIGHT * max(1, len(names)))
    panels = figure.subplots(max(1, len(names)), 1, sharex=True, squeeze=False)[:, 0]
    shares = (0.0, *found.shares)
    for axes, name in zip(panels, names, strict=False):
        axes.set_title(short(name, 40), fontsize=10.5, loc="left")
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        _draw_bm25(axes, name, found)
        for place, curve in enumerate(found.curves):
            own = [each for each in curve.figures if _panel(curve, each) == name]
            for each in own:
                axes.plot(
                    range(len(shares)),
                    numbers(curve.value(each, share) for share in shares),
                    color=ARMS[place % len(ARMS)],
                    linestyle=("solid", *DASHES[::2])[place // len(ARMS) % 3],
                    linewidth=1.4,
                    marker="o",
                    markersize=4,
                )
    last = panels[-1]
    last.set_xticks(range(len(shares)), [budget_name(share) for share in shares])
    last.set_xlabel("share of the study's budget")
    for place, curve in enumerate(found.curves):
        panels[0].plot([], [], color=ARMS[place % len(ARMS)], marker="o", label=curve.arm)
    if any(_bm25_of(name, found) is not None for name in names):
        panels[0].plot([], [], color=MUTED, linestyle="dotted", label="BM25, same documents")
    legend_below(figure, panels[0])


def _bm25_of(name: str, found: LearningFile) -> float | None:
    for curve in found.curves:
        for figure in curve.figures:
            if _panel(curve, figure) == name:
                value = curve.value(bm25_figure(figure), found.shares[-1])
                if value is not None:
                    return value
    return None


def _draw_bm25(axes: Axes, name: str, found: LearningFile) -> None:
    value = _bm25_of(name, found)
    if value is not None:
        axes.axhline(value, color=MUTED, linestyle="dotted", linewidth=1.2)
