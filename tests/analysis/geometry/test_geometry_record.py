from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gonogo.analysis.geometry.geometry import geometry
from gonogo.analysis.geometry.geometry_record import TextsRecord, read_geometry, record_of
from gonogo.analysis.geometry.marchenko_pastur import gaussian_spectrum
from gonogo.core.errors import UserError
from gonogo.core.files import write_json

TEXTS = TextsRecord(name="t", count=12, fingerprint="f")


def test_every_figure_is_written_down_and_comes_back(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    found = geometry(rng.normal(size=(12, 4)))
    record = record_of(found, "m", TEXTS, seed=3)
    for name in (
        "isoscore_star", "mean_cosine", "effective_rank", "participation_ratio", "spectrum",
    ):  # fmt: skip
        assert getattr(record, name) == getattr(found, name)
    assert (record.isotropy, record.gaussian) == (found.isotropy.value, found.isotropy.gaussian)
    assert (record.model, record.seed, record.texts, record.dimension) == ("m", 3, TEXTS, 4)
    assert record.norm_mean == found.norms.mean
    write_json(tmp_path / "geometry.json", record.model_dump(mode="json"))
    assert read_geometry(tmp_path / "geometry.json") == record


def test_what_is_undefined_is_none_and_not_nan(rng: np.random.Generator) -> None:
    found = replace(geometry(rng.normal(size=(12, 4))), effective_rank=math.nan)
    record = record_of(found, "m", TEXTS)
    assert record.effective_rank is None
    assert record.seed is None
    assert record.mean_cosine is not None


def test_another_version_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "geometry.json").write_text('{"model": "m"}')
    with pytest.raises(UserError, match="no geometry of this version") as told:
        read_geometry(tmp_path / "geometry.json")
    assert told.value.file == tmp_path / "geometry.json"


def test_two_rows_are_enough_and_one_is_not(rng: np.random.Generator) -> None:
    assert len(gaussian_spectrum(2, 3)) == 3
    assert geometry(rng.normal(size=(2, 3))).isotropy.dimension == 3
    with pytest.raises(ValueError, match="the spectrum of 1 rows"):
        gaussian_spectrum(1, 3)
