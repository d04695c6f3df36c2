"""Loss curves: one figure a task, one colour an arm, one line a seed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.records.evidence import Curve
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.plots.style import WIDTH, Plot, arm_colours, legend_below, numbers
from gonogo.report.words.judged import ordered, slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES = ("solid", (0, (4, 1.5)), (0, (1.5, 1)), "dashdot")


def curve_plots(verdict: VerdictFile) -> list[Plot]:
    """One figure for every task with a recorded loss."""
    curves = verdict.evidence.curves
    colours = arm_colours(verdict)
    plots = []
    for task in ordered(curve.task for curve in curves):
        mine = [one for one in curves if one.task == task and any(v is not None for v in one.loss)]
        if mine:
            arms = ordered(curve.arm for curve in mine)
            plots.append(
                Plot(
                    name=slug("loss", task),
                    title=f"{task}: training {_quantity(mine)}",
                    alt=f"Training {_quantity(mine)} of {task} by optimiser step for"
                    f" {', '.join(arms)}.",
                    draw=partial(draw_curves, curves=mine, colours=colours),
                    family="loss",
                )
            )
    return plots


def _quantity(curves: Sequence[Curve]) -> str:
    """Name what is drawn; of arms without regularisers the loss is the objective."""
    apart = any(curve.terms_left_out for curve in curves)
    return "loss without regularisers" if apart else "loss"


def draw_curves(figure: Figure, *, curves: Sequence[Curve], colours: dict[str, str]) -> None:
    """Draw every trial's loss as it was recorded, unsmoothed."""
    figure.set_size_inches(WIDTH, 3.3)
    axes = figure.add_subplot()
    styles = {arm: _STYLES[place % len(_STYLES)] for place, arm in enumerate(colours)}
    named: set[str] = set()
    for curve in curves:
        loss = numbers(curve.loss)
        axes.plot(
            curve.steps,
            loss,
            color=colours[curve.arm],
            linestyle=styles[curve.arm],
            linewidth=1.0,
            alpha=0.8,
            marker="o" if len(loss) < 4 else None,
            label=None if curve.arm in named else curve.arm,
        )
        named.add(curve.arm)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel(_quantity(curves))
    legend_below(figure, axes)
