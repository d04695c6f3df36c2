"""Reliability figure: the share of relevant documents against the probability that was told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.statistics.calibration import Calibration
from gonogo.report.plots.style import ARMS, DASHES, MUTED, WIDTH, Plot, legend_below, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Lines = Sequence[tuple[str, Calibration]]
"""A label and what was found, for each model and data set."""


def reliability_plot(lines: Lines) -> Plot:
    """Draw a line for each model and data set; the diagonal is a score that tells the truth."""
    said = "; ".join(f"{name}: {one.error:.4f}" for name, one in lines)
    return Plot(
        name="reliability",
        title="Share of relevant documents against their predicted probability",
        alt=f"Reliability lines beside the diagonal. Expected calibration errors: {said}.",
        draw=partial(draw_reliability, lines=lines),
        family="reliability",
    )


def draw_reliability(figure: Figure, *, lines: Lines) -> None:
    """Draw bins as points on both axes' logarithm: most documents are hardly ever relevant."""
    figure.set_size_inches(WIDTH, 3.8 + 0.2 * len(lines))
    axes = figure.add_subplot()
    values = [v for _, one in lines for bar in one.bins for v in (bar.predicted, bar.observed)]
    floor = min((value for value in values if value > 0), default=0.01) / 2
    axes.plot([floor, 1], [floor, 1], color=MUTED, linestyle=DASHES[0], linewidth=1.0)
    for place, (name, one) in enumerate(lines):
        axes.plot(
            [max(bar.predicted, floor) for bar in one.bins],
            [max(bar.observed, floor) for bar in one.bins],
            color=ARMS[place % len(ARMS)],
            linestyle=DASHES[1 + place // len(ARMS) % 3],
            marker="o",
            markersize=3.5,
            linewidth=1.2,
            label=f"ECE {one.error:.4f}  {short(name, 30)}",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.grid()
    axes.set_axisbelow(True)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share of relevant documents")
    legend_below(figure, axes, columns=1)
