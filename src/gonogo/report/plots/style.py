"""How figures look: narrow enough for a phone, safe for colour-blind readers, no global state.

Inks are markers: PNG and PDF show them as they are, the page swaps them for its own light and
dark colours (see ``report.svg``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import one_line
from gonogo.report.words.judged import ordered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 4.7
"""Inches; about a phone's width, so that text is never scaled far below its size."""

INK, MUTED, GRID = "#1b1f24", "#626b76", "#dfe3e8"
ACCENT, FAINT = "#0b5cad", "#9aa5b1"

# Okabe and Ito (2008), "Color Universal Design", the palette without black and yellow.
ARMS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
REFERENCES = ("#8d96a0", "#b9c0c8")
DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = (
    (0, (5, 3)),
    "solid",
    (0, (1, 2)),
    "dashdot",
)

SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a data set's name is a dollar sign
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "gonogo",  # ids are otherwise random
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Plot:
    """One figure that has something to show.

    Args:
        name: file name without ending.
        title: a phrase above it.
        alt: what it shows in words, for those who cannot see it.
        draw: draws it on an empty figure and sets the figure's height.
        family: which family it belongs to.
    """

    name: str
    title: str
    alt: str
    draw: Callable[[Figure], None]
    family: str


def short(name: str, most: int = 26) -> str:
    """Cut the middle out of a long name, so that it leaves room for the data."""
    name = one_line(name)
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[head + 1 - most :]}"


def numbers(values: Iterable[float | None]) -> Any:
    """Return values to draw; what is undefined is a hole in the line."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def arm_colours(verdict: VerdictFile) -> dict[str, str]:
    """Choose a colour for every arm, the same in all figures; reference rows are grey."""
    grey = ordered(score.arm for score in verdict.scores if score.reference)
    evidence = verdict.evidence
    told = (verdict.scores, evidence.curves, evidence.looks)
    arms = [one.arm for rows in told for one in rows]
    own = [arm for arm in ordered(arms) if arm not in grey]
    colours = {arm: ARMS[place % len(ARMS)] for place, arm in enumerate(own)}
    return colours | {arm: REFERENCES[place % 2] for place, arm in enumerate(grey)}


def legend_below(figure: Figure, axes: Axes, columns: int = 2) -> None:
    """Put the legend under the plot, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles,
            [short(label, 34) for label in labels],
            loc="outside lower center",
            ncols=columns,
            handlelength=1.8,
            columnspacing=1.2,
        )
