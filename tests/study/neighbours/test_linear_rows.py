import numpy as np
import pytest
from neighbour_toys import make_config, write_vectors

from gonogo.core.errors import UserError
from gonogo.core.workplace import Workplace
from gonogo.data.vectors.held_out import hold_out
from gonogo.evaluation.encoding.corpus_vectors import embed
from gonogo.models.build.build import build_model
from gonogo.models.heads.linear_maps import fit_directions
from gonogo.spec.evaluation.references import PcaRow, SvdRow, TruncationRow
from gonogo.study.neighbours.linear_rows import linear_row, with_head


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    path = write_vectors(tmp_path / "vectors.npy")
    return make_config(path), np.load(path), tmp_path


def row_of(config, row, folder):
    model = build_model(config.model, 0)
    return linear_row(model, row, config, Workplace(folder))


def test_rows_are_fitted_on_anchors_alone(world):
    config, rows, folder = world
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected = fit_directions("svd", unit[hold_out(rows, 20).anchors], 6).weights
    everything = fit_directions("svd", unit, 6).weights
    found = row_of(config, SvdRow(), folder).projection.directions.numpy()
    assert np.allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, everything, atol=1e-3)


def test_width_is_the_students_unless_it_is_given(world):
    config, _, folder = world
    assert row_of(config, PcaRow(), folder).dimension == 6
    assert row_of(config, TruncationRow(dimension=4), folder).dimension == 4
    with pytest.raises(UserError, match="17 dimensions of vectors that have 16"):
        row_of(config, SvdRow(dimension=17), folder)


def test_without_a_head_the_teacher_is_left(world):
    config, rows, _ = world
    model = with_head(build_model(config.model, 0), None)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.allclose(embed(model, rows), unit, atol=1e-6)


def test_a_study_that_trains_on_no_vectors_has_nothing_to_fit_on(world):
    config, _, folder = world
    without = config.model_copy(update={"tasks": {}})
    with pytest.raises(UserError, match="row 'svd' is fitted on the vectors of a neighbours task"):
        row_of(without, SvdRow(), folder)
