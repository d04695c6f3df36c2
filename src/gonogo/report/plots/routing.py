"""Gates of a mixture: by transformer block for each task, and over training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gonogo.analysis.records.routing import Routing
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import number
from gonogo.report.plots.style import ARMS, DASHES, FAINT, WIDTH, Plot, legend_below, numbers, short
from gonogo.report.words.judged import ordered, slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def routing_plots(verdict: VerdictFile) -> list[Plot]:
    """Return two figures an arm, of its first seed: gates by block, and over training."""
    plots = []
    for arm in ordered(one.arm for one in verdict.evidence.routing):
        own = [one for one in verdict.evidence.routing if one.arm == arm]
        seed = own[0].seed
        own = [one for one in own if one.seed == seed]
        layered = [one for one in own if one.block_gates]
        if layered:
            plots.append(_plot(arm, seed, "by block", draw_blocks, layered))
        trained = [one for one in own if len(one.steps) > 1]
        if trained:
            plots.append(_plot(arm, seed, "over training", draw_steps, trained))
    return plots


def _plot(
    arm: str, seed: int, what: str, draw: Callable[..., None], routing: list[Routing]
) -> Plot:
    said = "; ".join(
        f"{_texts(one)}: "
        + ", ".join(
            f"{name} {number(gate, 'score')}"
            for name, gate in zip(one.experts, one.gates, strict=True)
        )
        for one in routing
    )
    return Plot(
        name=slug("routing", arm, what),
        title=f"{arm}, seed {seed}: gates {what}",
        alt=f"Mean gates of the experts of {arm} {what}. {said}.",
        draw=partial(draw, routing=routing),
        family="routing",
    )


def _texts(one: Routing) -> str:
    return one.task if one.dataset is None else f"{one.task} on {one.dataset}"


def draw_blocks(figure: Figure, *, routing: Sequence[Routing]) -> None:
    """Draw one panel a task or data set: blocks by experts, dark where the gate is large."""
    from matplotlib import colormaps

    tall = max(len(one.blocks) for one in routing)
    body = min(max(1.2, 0.16 * tall), 4.0)
    figure.set_size_inches(WIDTH, len(routing) * (body + 0.55) + 0.6)
    panels = figure.subplots(len(routing), 1, squeeze=False)[:, 0]
    colours = colormaps["Blues"].with_extremes(bad=FAINT)
    largest = max(1.0, *(gate or 0.0 for one in routing for row in one.block_gates for gate in row))
    images = []
    for axes, one in zip(panels, routing, strict=True):
        grid = np.array([numbers(row) for row in one.block_gates])
        images.append(
            axes.imshow(
                np.ma.masked_invalid(grid),
                cmap=colours,
                vmin=0,
                vmax=largest,
                aspect="auto",
                interpolation="nearest",
            )
        )
        axes.set_title(short(_texts(one), 44), fontsize=11, loc="left")
        every = -(-len(one.blocks) // 12)
        shown = range(0, len(one.blocks), every)
        axes.set_yticks(list(shown), [str(one.blocks[place]) for place in shown])
        axes.set_ylabel("block")
        axes.set_xticks(range(len(one.experts)), [short(name, 12) for name in one.experts])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    bar = figure.colorbar(images[0], ax=panels, location="bottom", aspect=35, pad=0.02)
    bar.set_label("mean gate")
    bar.outline.set_visible(False)


def draw_steps(figure: Figure, *, routing: Sequence[Routing]) -> None:
    """Draw one panel a task: each expert's mean gate by optimiser step."""
    figure.set_size_inches(WIDTH, 1.9 * len(routing) + 0.8)
    panels = figure.subplots(len(routing), 1, squeeze=False, sharex=True)[:, 0]
    experts = ordered(name for one in routing for name in one.experts)
    for axes, one in zip(panels, routing, strict=True):
        for name, gates in zip(one.experts, one.step_gates, strict=True):
            place = experts.index(name)
            axes.plot(
                one.steps,
                numbers(gates),
                color=ARMS[place % len(ARMS)],
                linestyle=DASHES[place % len(DASHES)],
                linewidth=1.3,
                label=name,
            )
        axes.set_title(short(_texts(one), 44), fontsize=11, loc="left")
        axes.set_ylabel("mean gate")
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    panels[-1].set_xlabel("optimiser step")
    legend_below(figure, panels[0], columns=3)
