"""The geometry of models' embeddings, side by side on the same texts."""

from __future__ import annotations

from collections.abc import Sequence

from gonogo.analysis.geometry.geometry_record import GeometryRecord
from gonogo.report.cells.tables import Column, Number, Row, Table, Text

EXPLAINED = (
    "1 − std/mean of the covariance eigenvalues is 1 where all directions are alike, has no lower "
    "bound, and is below 1 even for Gaussian data: read it beside the Gaussian at the same n and d."
    " IsoScore* runs from 0 to 1. None of them sees a common direction, which the mean cosine does."
)

ALIKE = (
    "1 where one is the other rotated, shifted or rescaled, about 0 where they have nothing in "
    "common. Two models may be alike and yet differ in isotropy, which rescaling single directions "
    "changes."
)


def geometry_table(records: Sequence[GeometryRecord]) -> Table:
    """Make a table with one line a model; no figure stands without n, d and the Gaussian."""
    texts = records[0].texts
    return Table(
        "isotropy",
        f"Isotropy on {texts.count:,} {texts.side}s of {texts.name}",
        (
            Column("model"),
            Column("1 − std/mean"),
            Column("Gaussian", note="same n, d"),
            Column("n"),
            Column("d"),
            Column("IsoScore*"),
            Column("mean cosine"),
            Column("effective rank"),
            Column("participation ratio"),
            Column("norm"),
            Column("norm range"),
        ),
        tuple(_row(record) for record in records),
        caption=EXPLAINED,
    )


def alike_table(names: Sequence[str], cka: Sequence[Sequence[float]]) -> Table:
    """Make a table of how alike every two models see the same texts.

    Args:
        names: one a model.
        cka: of each with each.
    """
    return Table(
        "alike",
        "How alike the models see these texts (linear CKA, unbiased)",
        (Column("model"), *(Column(name) for name in names)),
        tuple(
            Row((Text(name), *(Number(value, "score") for value in row)))
            for name, row in zip(names, cka, strict=True)
        ),
        caption=ALIKE,
    )


def _row(record: GeometryRecord) -> Row:
    name = record.model if record.seed is None else f"{record.model} seed {record.seed}"
    low, high = record.norm_minimum, record.norm_maximum
    return Row(
        (
            Text(name),
            Number(record.isotropy, "score"),
            Number(record.gaussian, "score"),
            Number(record.texts.count, "count"),
            Number(record.dimension, "count"),
            Number(record.isoscore_star, "score"),
            Number(record.mean_cosine, "score"),
            Number(record.effective_rank, "degrees"),
            Number(record.participation_ratio, "degrees"),
            Number(record.norm_mean, "score", std=record.norm_std),
            Text(f"{low:.4g} to {high:.4g}, median {record.norm_median:.4g}"),
        )
    )
