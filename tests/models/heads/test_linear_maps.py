import numpy as np
import pytest
import torch

from gonogo.core.errors import UserError
from gonogo.data.vectors.vectors import unit_length
from gonogo.models.heads.linear_maps import fit_directions, fit_linear_map


def unit(count=400, width=12, seed=0):
    draws = np.random.default_rng(seed)
    # Off the origin, so that centring makes a difference.
    return unit_length(draws.standard_normal((count, width)) * np.arange(1, width + 1) + 5.0)


def test_svd_spans_what_numpys_svd_spans():
    rows = unit()
    ours = fit_directions("svd", rows, 4)
    theirs = np.linalg.svd(rows.astype(np.float64), full_matrices=False)[2][:4]
    assert np.abs(ours.weights @ theirs.T) == pytest.approx(np.eye(4), abs=1e-5)
    assert not ours.mean.any()


def test_pca_equals_scikit_learns():
    sklearn = pytest.importorskip("sklearn.decomposition")
    rows = unit()
    oracle = sklearn.PCA(4, svd_solver="full").fit(rows.astype(np.float64))
    ours = fit_directions("pca", rows, 4)
    assert np.abs(ours.weights @ oracle.components_.T) == pytest.approx(np.eye(4), abs=1e-4)
    assert ours.mean == pytest.approx(oracle.mean_, abs=1e-6)


def test_uncentred_directions_keep_inner_products_better_than_centred_ones():
    rows = unit()
    truth = rows @ rows.T

    def error(kind):
        fitted = fit_directions(kind, rows, 4)
        low = (rows - fitted.mean) @ fitted.weights.T
        return float(np.square(truth - low @ low.T).sum())

    assert error("svd") < error("pca")


def test_random_projection_keeps_lengths_on_average_and_is_one_for_all():
    rows = unit(width=300)
    fitted = fit_directions("random_projection", rows, 100)
    lengths = np.linalg.norm(rows @ fitted.weights.T, axis=1)
    assert lengths.mean() == pytest.approx(1.0, abs=0.05)
    again = fit_directions("random_projection", unit(width=300, seed=5), 100)
    assert np.array_equal(fitted.weights, again.weights)


def test_truncation_takes_the_first_coordinates():
    rows = unit()
    made = fit_linear_map("truncation", rows, 3)
    assert made(torch.from_numpy(rows)).numpy() == pytest.approx(rows[:, :3], abs=1e-6)


def test_maps_read_vectors_of_any_length():
    rows = unit()
    made = fit_linear_map("pca", rows, 3)
    assert torch.allclose(made(torch.from_numpy(rows * 7)), made(torch.from_numpy(rows)), atol=1e-5)


@pytest.mark.parametrize("kind", ["svd", "pca", "random_projection", "truncation"])
def test_fits_are_deterministic_and_no_wider_than_the_vectors(kind):
    rows = unit()
    assert np.array_equal(
        fit_directions(kind, rows, 5).weights, fit_directions(kind, rows, 5).weights
    )
    with pytest.raises(UserError, match="13 dimensions of vectors that have 12"):
        fit_directions(kind, rows, 13)
