"""Gradient conflict: cosine of two tasks' gradients by layer and step, and its mean above."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gonogo.analysis.records.evidence import Conflict
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import number
from gonogo.report.plots.style import FAINT, GRID, INK, WIDTH, Plot, numbers, short
from gonogo.report.words.judged import slug

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LABELS = 24


def conflict_plots(verdict: VerdictFile) -> list[Plot]:
    """One heatmap a joint trial that has any defined cosine."""
    return [
        Plot(
            name=slug("gradient_conflict", conflict.arm, "seed", conflict.seed),
            title=f"{conflict.arm}, seed {conflict.seed}: {' against '.join(conflict.tasks)}",
            alt=f"Heatmap of the cosine of the gradients of {' and '.join(conflict.tasks)} "
            f"by layer and step. Share below zero: {number(conflict.fraction_negative, 'share')}.",
            draw=partial(draw_conflict, conflict=conflict),
            family="conflict",
        )
        for conflict in verdict.evidence.conflicts
        if any(value is not None for row in conflict.layer_cosine for value in row)
    ]


def draw_conflict(figure: Figure, *, conflict: Conflict) -> None:
    """Mean over layers as a line, under it layers by steps in colours centred at zero."""
    layers = len(conflict.layers)
    body = min(max(1.4, 0.15 * layers), 5.2)
    figure.set_size_inches(WIDTH, 1.9 + body)
    top, main = figure.subplots(2, 1, sharex=True, height_ratios=(0.85, body))
    places = np.arange(len(conflict.steps))
    mean = numbers(conflict.mean_cosine)
    top.axhline(0, color=GRID, linewidth=2)
    top.plot(places, mean, color=INK, linewidth=1.4, marker="o" if len(places) < 4 else None)
    top.set_ylabel("mean")
    _cells(figure, main, conflict)
    _step_labels(main, conflict.steps)
    shown = range(0, layers, -(-layers // _MOST_LABELS))
    main.set_yticks(list(shown), [short(conflict.layers[place], 20) for place in shown])
    main.tick_params(axis="y", labelsize=8.5 if layers > 12 else 10.5, length=0)
    main.set_xlabel("optimiser step")


def _cells(figure: Figure, axes: Axes, conflict: Conflict) -> None:
    from matplotlib import colormaps

    grid = np.array(
        [[np.nan if value is None else value for value in row] for row in conflict.layer_cosine],
        float,
    )
    # PuOr is told apart with any colour vision; orange is conflict, purple agreement.
    colours = colormaps["PuOr"].with_extremes(bad=FAINT)
    image = axes.imshow(
        np.ma.masked_invalid(grid),
        cmap=colours,
        vmin=-1,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
    )
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(
        image, ax=axes, location="bottom", aspect=35, ticks=[-1, -0.5, 0, 0.5, 1], pad=0.02
    )
    bar.set_label("cosine: below 0 conflict, grey undefined")
    bar.outline.set_visible(False)


def _step_labels(axes: Axes, steps: tuple[int, ...]) -> None:
    every = max(1, -(-len(steps) // 5))
    places = list(range(0, len(steps), every))
    axes.set_xticks(places, [f"{steps[place]:,}" for place in places])
