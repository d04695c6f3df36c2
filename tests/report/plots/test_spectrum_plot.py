from __future__ import annotations

import numpy as np

from gonogo.analysis.geometry.geometry import geometry
from gonogo.analysis.geometry.geometry_record import GeometryRecord, TextsRecord, record_of
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.pages.figures import render
from gonogo.report.plots.spectrum import spectrum_plot
from gonogo.report.tables.geometry_tables import geometry_table


def record(model: str, rows: int, dimension: int, scale: float = 1.0) -> GeometryRecord:
    vectors = np.random.default_rng(0).normal(size=(rows, dimension))
    vectors[:, 0] *= scale
    texts = TextsRecord(name="some $texts$", count=rows, fingerprint="f")
    return record_of(geometry(vectors), model, texts)


def test_every_model_and_every_size_has_a_line_and_all_words_are_plain() -> None:
    records = [record("wide", 40, 64), record("narrow", 40, 8, 5.0), record("other", 40, 8)]
    plot = spectrum_plot(records)
    svg = render(plot, ("svg",))["svg"].decode()
    for words in ("wide", "narrow", "other", "Gaussian, n 40, d 64", "Gaussian, n 40, d 8"):
        assert words in svg
    assert "mathdefault" not in svg
    assert all(record.model in plot.alt for record in records)


def test_constant_embeddings_have_no_line_and_no_error() -> None:
    texts = TextsRecord(name="t", count=5, fingerprint="f")
    flat = record_of(geometry(np.ones((5, 3))), "flat", texts)
    svg = render(spectrum_plot([flat, record("other", 5, 3)]), ("svg",))["svg"].decode()
    assert "other" in svg
    assert "flat" not in svg.split("</title>")[-1]


def test_figures_are_equal_byte_for_byte() -> None:
    plot = spectrum_plot([record("m", 20, 8)])
    assert render(plot, ("pdf", "png")) == render(plot, ("pdf", "png"))


def test_the_table_says_how_to_read_it() -> None:
    page = markdown(geometry_table([record("m", 20, 8)]))
    assert "Gaussian (same n, d)" in page
    assert "no lower bound" in page
    assert "20 passages of some \\$texts\\$" in page
