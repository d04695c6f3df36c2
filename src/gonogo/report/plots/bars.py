"""Score bars: every arm and reference row on every data set, with error bars over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.records.effects import ArmScore
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import number
from gonogo.report.plots.style import INK, MUTED, WIDTH, Plot, arm_colours, legend_below, short
from gonogo.report.tables.score_tables import MEAN, arms_of, metrics_of, tasks_of
from gonogo.report.words.judged import ordered, slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAR = 0.16
"""Inches a bar takes, so that a value can be written at its end."""


def score_plots(verdict: VerdictFile) -> list[Plot]:
    """One figure a task, in the gate's metric."""
    plots = []
    for task in tasks_of(verdict):
        metric = metrics_of(verdict, task)[0]
        scores = [s for s in verdict.scores if (s.task, s.metric) == (task, metric)]
        plots.append(
            Plot(
                name=slug("scores", task),
                title=f"{task}: {metric} of each arm",
                alt=_alt(task, metric, scores),
                draw=partial(draw_bars, scores=scores, metric=metric, colours=arm_colours(verdict)),
                family="scores",
            )
        )
    return plots


def _alt(task: str, metric: str, scores: Sequence[ArmScore]) -> str:
    overall = [s for s in scores if s.dataset is None]
    means = "; ".join(f"{score.arm} {number(score.mean, 'score')}" for score in overall)
    return f"Bars of {metric} on {task} for each arm and data set. {MEAN}: {means or 'none'}."


def draw_bars(
    figure: Figure, *, scores: Sequence[ArmScore], metric: str, colours: dict[str, str]
) -> None:
    """Draw a group of horizontal bars for each data set; off-task arms are hatched."""
    arms = arms_of(list(scores))
    groups = ordered("" if score.dataset is None else score.dataset for score in scores)
    groups.sort(key=lambda name: name != "")  # the mean comes first
    height = (len(arms) * _BAR + 0.3) * len(groups)
    figure.set_size_inches(WIDTH, 0.95 + height + 0.18 * ((len(arms) + 1) // 2))
    axes = figure.add_subplot()
    step = 0.7 / len(arms)  # the rest of a group is its name
    for place, arm in enumerate(arms):
        mine = [score for score in scores if score.arm == arm]
        off_task = any(score.off_task for score in mine)
        where = [
            groups.index(s.dataset or "") + 0.08 + (place - (len(arms) - 1) / 2) * step
            for s in mine
        ]
        axes.barh(
            where,
            [score.mean for score in mine],
            height=0.9 * step,
            color="none" if off_task else colours[arm],
            edgecolor=colours[arm],
            hatch="/////" if off_task else None,
            linewidth=0.8,
            xerr=[score.std or 0.0 for score in mine],
            error_kw={"ecolor": INK, "elinewidth": 1.0, "capsize": 0},
            label=f"{arm} (off-task)" if off_task else arm,
        )
        for y, score in zip(where, mine, strict=True):
            end = score.mean + (score.std or 0.0)
            axes.annotate(
                f"{score.mean:.3f}",
                (end, y),
                (3, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color=MUTED,
            )
    for place, name in enumerate(groups):
        weight = "normal" if name else "bold"
        axes.text(0, place - 0.3, short(name, 48) or MEAN, va="bottom", fontweight=weight)
    axes.set_yticks([])
    axes.set_ylim(len(groups) - 0.4, -0.62)
    axes.margins(x=0.12)
    axes.set_xlabel(metric)
    legend_below(figure, axes)
