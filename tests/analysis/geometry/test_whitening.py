"""Whitening: unit covariance, ZCA's symmetry, fixed signs, and files that are checked."""

import numpy as np
import pytest

from gonogo.analysis.geometry.moments import mean_and_covariance
from gonogo.analysis.geometry.whitening import (
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
)
from gonogo.core.errors import UserError


def stretched(count=4000, width=8):
    draws = np.random.default_rng(0)
    return draws.standard_normal((count, width)) @ draws.standard_normal((width, width)) + 3.0


def test_by_hand():
    whitening = fit_whitening(np.array([1.0, 2.0]), np.diag([4.0, 1.0]))
    np.testing.assert_allclose(whitening.apply(np.array([[3.0, 5.0]])), [[1.0, 3.0]])


@pytest.mark.parametrize("method", ["zca", "pca"])
def test_whitened_vectors_have_no_mean_and_unit_covariance(method):
    vectors = stretched()
    whitened = fit_whitening(*mean_and_covariance(vectors), method).apply(vectors)
    mean, covariance = mean_and_covariance(whitened)
    np.testing.assert_allclose(mean, 0, atol=1e-9)
    np.testing.assert_allclose(covariance, np.eye(8), atol=1e-9)


def test_zca_is_symmetric_and_pca_turned_back():
    moments = mean_and_covariance(stretched())
    zca, pca = (fit_whitening(*moments, method) for method in ("zca", "pca"))
    np.testing.assert_allclose(zca.matrix, zca.matrix.T, atol=1e-10)
    np.testing.assert_allclose(zca.matrix @ moments[1] @ zca.matrix, np.eye(8), atol=1e-9)
    np.testing.assert_allclose(zca.matrix @ zca.matrix.T, pca.matrix @ pca.matrix.T, atol=1e-9)


def test_pca_keeps_the_directions_of_most_variance_with_fixed_signs():
    moments = mean_and_covariance(stretched())
    all_of_them = fit_whitening(*moments, "pca").matrix
    np.testing.assert_array_equal(fit_whitening(*moments, "pca", 3).matrix, all_of_them[:, :3])
    variance = 1 / (all_of_them**2).sum(axis=0)  # columns are eigenvectors over sqrt(lambda)
    assert (np.diff(variance) < 0).all()
    largest = np.abs(all_of_them).argmax(axis=0)
    assert (all_of_them[largest, np.arange(8)] > 0).all()


def test_dead_directions_are_not_blown_up():
    flat = np.diag([1.0, 1e-16])
    assert np.abs(fit_whitening(np.zeros(2), flat).matrix).max() < 1000


def test_wrong_requests_are_refused():
    with pytest.raises(UserError, match="only pca"):
        fit_whitening(np.zeros(2), np.eye(2), "zca", 1)
    with pytest.raises(UserError, match="cannot add"):
        fit_whitening(np.zeros(2), np.eye(2), "pca", 3)
    with pytest.raises(ValueError, match="nothing varies"):
        fit_whitening(np.zeros(2), np.zeros((2, 2)))
    with pytest.raises(UserError, match="vectors of 3"):
        Whitening(np.zeros(2), np.eye(2)).apply(np.zeros((1, 3)))


@pytest.mark.train
def test_it_is_kept_and_other_files_are_refused(tmp_path):
    whitening = fit_whitening(*mean_and_covariance(stretched()), "pca", 3)
    save_whitening(tmp_path / "w.safetensors", whitening)
    read = load_whitening(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(read.matrix, whitening.matrix.astype(np.float32))
    np.testing.assert_array_equal(read.mean, whitening.mean.astype(np.float32))
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(UserError, match="not a safetensors file"):
        load_whitening(tmp_path / "junk.safetensors")
    with pytest.raises(UserError, match="no such file"):
        load_whitening(tmp_path / "none.safetensors")
    from safetensors.numpy import save_file

    save_file({"mean": np.zeros(2, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="not a whitening"):
        load_whitening(tmp_path / "other.safetensors")
