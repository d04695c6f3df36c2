"""The figure of a post-mortem: ranks of the targets, recall by place, the looks by epoch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gonogo.report.plots.style import ACCENT, ARMS, MUTED, WIDTH, Plot, numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gonogo.analysis.records.postmortem import Postmortem


def postmortem_plot(record: Postmortem) -> Plot:
    """Return the figure of what ``gonogo postmortem`` measured."""
    counts = ", ".join(f"{name}: {count}" for name, count in record.rank_histogram.items())
    return Plot(
        name="postmortem",
        title=f"{record.trial}: where recall is lost",
        alt=f"Targets by rank ({counts}), recall by place in the article, and the looks.",
        draw=partial(draw_postmortem, record=record),
        family="postmortem",
    )


def draw_postmortem(figure: Figure, *, record: Postmortem) -> None:
    """Draw the panels one below the other."""
    looked = bool(record.history["epoch"])  # a tower from elsewhere has no looks to show
    figure.set_size_inches(WIDTH, 7.5 if looked else 5.0)
    ranks, places, *looks = figure.subplots(3 if looked else 2, 1)
    histogram = record.rank_histogram
    share = 100 * np.array(list(histogram.values())) / max(sum(histogram.values()), 1)
    _bars(ranks, list(histogram), share, "rank of the target", "% of targets")
    rows = record.positions
    recall = np.array([100 * row.recall for row in rows])
    names = [row.group for row in rows]
    _bars(places, names, recall, "place in the article", f"% found at {record.cutoff}")
    for axes in looks:
        _curves(axes, record)


def _bars(axes: Axes, names: list[str], values: Any, x: str, y: str) -> None:
    axes.bar(np.arange(len(names)), values, color=ACCENT, width=0.7)
    axes.set_xticks(np.arange(len(names)), names)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def _curves(axes: Axes, record: Postmortem) -> None:
    history, recall = record.history, f"recall@{record.cutoff}"
    epochs = numbers(history["epoch"])
    axes.plot(epochs, numbers(history[recall]), color=ARMS[0], marker="o", markersize=3)
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"{recall}, %", color=ARMS[0])
    margins = axes.twinx()
    margins.plot(epochs, numbers(history["margin"]), color=ARMS[1], linestyle="dashed")
    for band in record.settings.margin:
        if band.least is not None:
            margins.axhline(band.least, color=MUTED, linewidth=0.8, linestyle="dotted")
    margins.set_ylabel("separation margin", color=ARMS[1])
