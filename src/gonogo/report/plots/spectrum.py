"""Spectra of embeddings: how the variance spreads over directions, beside Gaussian data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from gonogo.analysis.geometry.geometry_record import GeometryRecord
from gonogo.analysis.geometry.marchenko_pastur import gaussian_spectrum
from gonogo.report.plots.style import ARMS, DASHES, MUTED, WIDTH, Plot, legend_below, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FLOOR = 1e-6
"""Of the mean eigenvalue: what lies below is rounding, where rows leave no direction, and is
not drawn; the line ends there."""

_GAUSSIAN = (DASHES[0], DASHES[2], DASHES[3])


def spectrum_plot(records: Sequence[GeometryRecord]) -> Plot:
    """Draw the eigenvalues of every model over their mean, and the Gaussian of each n and d."""
    names = ", ".join(record.model for record in records)
    texts = records[0].texts
    return Plot(
        name="spectrum",
        title=f"Covariance eigenvalues on {texts.count:,} {texts.side}s of {texts.name}",
        alt=f"Covariance eigenvalues over their mean, largest first, for {names}; dashed: what "
        "Gaussian data of the same size would have.",
        draw=partial(draw_spectra, records=records),
        family="spectrum",
    )


def draw_spectra(figure: Figure, *, records: Sequence[GeometryRecord]) -> None:
    """Draw one line a model over the share of directions, on a logarithmic scale."""
    figure.set_size_inches(WIDTH, 3.6)
    axes = figure.add_subplot()
    for place, record in enumerate(records):
        values = np.asarray(record.spectrum)
        if not values.sum() > 0:
            continue
        share = (np.arange(record.dimension) + 0.5) / record.dimension
        axes.plot(
            share,
            _drawn(values / values.mean()),
            color=ARMS[place % len(ARMS)],
            linestyle=DASHES[1 + place // len(ARMS) % 3],
            linewidth=1.4,
            label=short(_label(record), 34),
        )
    for place, (count, dimension) in enumerate(_sizes(records)):
        share = (np.arange(dimension) + 0.5) / dimension
        axes.plot(
            share,
            _drawn(gaussian_spectrum(count, dimension)),
            color=MUTED,
            linestyle=_GAUSSIAN[place % len(_GAUSSIAN)],
            linewidth=1.0,
            label=f"Gaussian, n {count:,}, d {dimension}",
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")  # the default writes formulas, which are switched off
    axes.yaxis.set_minor_formatter("")
    axes.set_xlim(0, 1)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("share of directions, largest first")
    axes.set_ylabel("eigenvalue / mean")
    legend_below(figure, axes, columns=1)


def _drawn(values: Float[np.ndarray, "d"]) -> Float[np.ndarray, "d"]:
    return np.where(values > _FLOOR, values, np.nan)


def _label(record: GeometryRecord) -> str:
    return record.model if record.seed is None else f"{record.model} seed {record.seed}"


def _sizes(records: Sequence[GeometryRecord]) -> list[tuple[int, int]]:
    return list(dict.fromkeys((record.texts.count, record.dimension) for record in records))
