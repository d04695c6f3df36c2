"""A training log as a frame."""

from __future__ import annotations

from itertools import permutations

import polars as pl

from gonogo.api.studies.history import history_frame

LINES = [
    {"zloss": 0.1, "step": 1, "task": "embed", "loss": 2, "examples": 8, "memory_mb": 3.5},
    {"step": 1, "task": "rerank", "margin": 0.5, "loss": 1.5, "examples": 4, "memory_mb": None},
    {"step": 2, "task": "embed", "loss": None, "validation/recall": 0.25, "examples": 16},
]


def test_columns_stand_in_one_order_whatever_came_first() -> None:
    wanted = ["step", "task", "loss", "margin", "zloss", "examples", "memory_mb",
              "validation/recall"]  # fmt: skip
    for lines in permutations(LINES):
        assert history_frame(lines).columns == wanted


def test_numbers_are_numbers_and_what_a_line_lacks_is_null() -> None:
    frame = history_frame(LINES)
    assert frame["loss"].to_list() == [2.0, 1.5, None]
    assert frame["margin"].to_list() == [None, 0.5, None]
    assert [frame[name].dtype for name in ("step", "task", "loss", "examples")] == [
        pl.Int64, pl.String, pl.Float64, pl.Int64,
    ]  # fmt: skip


def test_a_figure_that_was_never_finite_is_still_a_number() -> None:
    assert history_frame([{"step": 1, "task": "a", "loss": None}])["loss"].dtype == pl.Float64


def test_what_is_no_number_is_kept() -> None:
    assert history_frame([{"step": 1, "task": "a", "note": "cold"}])["note"].to_list() == ["cold"]
