"""Per-seed points: how far single seeds scatter around the mean that is judged."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gonogo.analysis.records.effects import Effect, SeedPoint
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import number, threshold
from gonogo.report.plots.style import (
    ACCENT,
    ARMS,
    DASHES,
    GRID,
    MUTED,
    WIDTH,
    Plot,
    legend_below,
    short,
)
from gonogo.report.words.judged import effect_name, is_ratio, judged, judged_name, judged_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = "osD^vP*Xph"


def seed_plots(verdict: VerdictFile) -> list[Plot]:
    """One figure for all effects; none where no effect has two seeds."""
    effects = [one for one in verdict.effects if len(_known(verdict, one)) > 1]
    if not effects:
        return []
    unit = judged_unit(verdict)
    words = [
        f"{effect_name(verdict, one)}: "
        + ", ".join(f"seed {seed} {number(value, unit)}" for seed, value in _known(verdict, one))
        for one in effects
    ]
    return [
        Plot(
            name="seeds",
            title=f"{judged_name(verdict)} of each seed",
            alt=f"Points of {judged_name(verdict)} by seed. {'; '.join(words)}.",
            draw=partial(draw_seeds, verdict=verdict, effects=effects),
            family="seeds",
        )
    ]


def _value(verdict: VerdictFile, point: SeedPoint) -> float | None:
    return point.ratio if is_ratio(verdict) else point.difference


def _known(verdict: VerdictFile, effect: Effect) -> list[tuple[int, float]]:
    points = ((point.seed, _value(verdict, point)) for point in effect.per_seed)
    return [(seed, value) for seed, value in points if value is not None]


def draw_seeds(figure: Figure, *, verdict: VerdictFile, effects: list[Effect]) -> None:
    """One row an effect: a point a seed, and a bar at the mean."""
    figure.set_size_inches(WIDTH, 1.6 + 0.5 * len(effects))
    axes = figure.add_subplot()
    seeds = sorted({point.seed for effect in effects for point in effect.per_seed})
    for place, effect in enumerate(effects):
        mean = judged(verdict, effect)
        if mean is not None and mean.value is not None:
            axes.plot(
                [mean.value] * 2, [place - 0.3, place + 0.3], color=ACCENT, linewidth=3, alpha=0.45
            )
        for seed, value in _known(verdict, effect):
            number_of = seeds.index(seed)
            axes.plot(
                value,
                place + 0.36 * ((number_of + 0.5) / len(seeds) - 0.5),  # side by side, not on top
                _MARKERS[number_of % len(_MARKERS)],
                color=ARMS[number_of % len(ARMS)],
                markersize=8,
                alpha=0.9,
                label=f"seed {seed}" if place == 0 else None,
            )
    _lines(figure, verdict, effects)
    names = [short(effect_name(verdict, effect), 20) for effect in effects]
    axes.set_yticks(range(len(effects)), names)
    axes.set_ylim(len(effects) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    percent = judged_unit(verdict) == "percent"
    axes.set_xlabel(f"{judged_name(verdict)} in % (bar: mean)" if percent else judged_name(verdict))
    if percent:
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}".replace("-", "−"))
    legend_below(figure, axes, columns=3)


def _lines(figure: Figure, verdict: VerdictFile, effects: list[Effect]) -> None:
    axes = figure.axes[0]
    axes.axvline(0, color=GRID, linewidth=2.5, zorder=0)
    lines = sorted(
        {line for effect in effects for line in effect.lines.items()}, key=lambda x: x[1]
    )
    for place, (label, value) in enumerate(lines):
        axes.axvline(
            value,
            color=MUTED,
            linewidth=1.2,
            linestyle=DASHES[place % len(DASHES)],
            zorder=1,
            label=f"{label}: {threshold(value, judged_unit(verdict))}",
        )
