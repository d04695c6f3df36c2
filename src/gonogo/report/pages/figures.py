"""Which figures a verdict has, and their bytes as SVG, PNG and PDF; deterministic, no pyplot."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.plots.bars import score_plots
from gonogo.report.plots.curves import curve_plots
from gonogo.report.plots.forest import forest_plots
from gonogo.report.plots.heatmap import conflict_plots
from gonogo.report.plots.looks import look_plots
from gonogo.report.plots.routing import routing_plots
from gonogo.report.plots.seed_points import seed_plots
from gonogo.report.plots.style import SETTINGS, WIDTH, Plot
from gonogo.report.words.judged import unique

Format = Literal["svg", "png", "pdf"]

# Dates and versions would make equal figures differ.
_METADATA: dict[Format, dict[str, None]] = {
    "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
    "png": {"Software": None},
    "pdf": dict.fromkeys(("Creator", "Producer", "CreationDate")),
}


def figures(verdict: VerdictFile) -> Iterator[Plot]:
    """Yield the figures that have something to show, in reading order, each with its own name."""
    taken: dict[str, object] = {}
    for plot in (
        *forest_plots(verdict),
        *seed_plots(verdict),
        *score_plots(verdict),
        *conflict_plots(verdict),
        *routing_plots(verdict),
        *curve_plots(verdict),
        *look_plots(verdict),
    ):
        name = unique(plot.name, taken)
        taken[name] = plot
        yield replace(plot, name=name)


def render(plot: Plot, formats: tuple[Format, ...] = ("svg", "png", "pdf")) -> dict[Format, bytes]:
    """Draw a figure once and save it in several formats; PNG has 200 dots an inch."""
    import matplotlib
    from matplotlib.figure import Figure

    rendered: dict[Format, bytes] = {}
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        # A letter that the font lacks becomes a box; the page and the tables still show it.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
        plot.draw(figure)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, the same in all formats
        for kind in formats:
            target = io.BytesIO()
            figure.savefig(
                target,
                format=kind,
                dpi=200,
                metadata=_METADATA[kind],
                transparent=kind == "svg",
            )
            rendered[kind] = target.getvalue()
    return rendered
