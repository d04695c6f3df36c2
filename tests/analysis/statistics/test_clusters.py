"""The cluster-robust variance of a mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t

from gonogo.analysis.statistics.clusters import cluster_weights, intra_class
from gonogo.analysis.statistics.variance import mean_squares

SIZES = [1, 3, 5, 2, 8, 4]
CODES = np.repeat(np.arange(6), SIZES)


def values() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=6)[CODES] + rng.normal(size=len(CODES))


def test_clusters_of_one_query_are_no_clusters() -> None:
    y = values()
    found = cluster_weights(y, np.arange(len(y)))
    assert found.variance(y[None])[0] == pytest.approx(y.var(ddof=1) / len(y))
    assert found.df == pytest.approx(len(y) - 1)


def test_equal_clusters_are_the_sample_variance_of_their_means() -> None:
    y, codes = values()[:20], np.repeat(np.arange(5), 4)
    found = cluster_weights(y, codes)
    assert found.variance(y[None])[0] == pytest.approx(y.reshape(5, 4).mean(axis=1).var(ddof=1) / 5)
    assert found.df == pytest.approx(4)


def test_the_correction_and_degrees_of_freedom_are_those_of_the_written_out_matrices() -> None:
    y, n = values(), np.array(SIZES, dtype=float)
    total = n.sum()
    covariance = np.diag(n * (1 + (n - 1) * intra_class(y, CODES)))
    centre = np.eye(6) - np.outer(n / total, np.ones(6))
    form = np.diag(1 / (1 - n / total)) @ centre @ covariance @ centre.T
    found = cluster_weights(y, CODES)
    assert found.df == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))
    assert found.correction == pytest.approx(np.trace(covariance) / np.trace(form))


def test_without_the_correction_it_is_cr2_of_an_intercept() -> None:
    """Written out: residuals by (I - H)^(-1/2) within each cluster, H = 11' / n."""
    y = values()
    total, meat = len(y), 0.0
    for code in range(6):
        rest = (y - y.mean())[code == CODES]
        hat = np.full((len(rest), len(rest)), 1 / total)
        root, turn = np.linalg.eigh(np.eye(len(rest)) - hat)
        meat += float((turn @ np.diag(root**-0.5) @ turn.T @ rest).sum()) ** 2
    found = cluster_weights(y, CODES)
    assert found.variance(y[None])[0] / found.correction == pytest.approx(meat / total**2)


def test_rows_are_seeds() -> None:
    y = np.stack([values(), 2 * values()])
    found = cluster_weights(y[0], CODES)
    one = found.variance(y[:1])[0]
    assert_allclose(found.variance(y), [one, 4 * one])


def test_intra_class_correlation_of_whole_and_of_no_clusters() -> None:
    assert intra_class(np.arange(6.0)[CODES], CODES) == pytest.approx(1.0)
    assert intra_class(np.tile([1.0, -1.0], 10), np.repeat(np.arange(5), 4)) == 0.0


def test_few_clusters_ask_for_less_than_cochran_and_more_than_one_t(rng) -> None:
    codes = np.repeat(np.arange(15), 8)
    shared = rng.normal(0, 0.5, 15)[codes]
    values = shared + rng.normal(0, 0.2, (3, 1)) + rng.normal(0, 1, (3, len(codes)))
    parts = mean_squares([values], [codes])
    plain = replace(parts, dfs=None).half_width(0.95)
    net = max(0.0, parts.query_part - parts.residual_part)
    of_seed, of_query = t.ppf(0.975, 2), t.ppf(0.975, parts.query_df)
    cochran = (parts.seed_part * of_seed + net * of_query) / parts.variance**0.5
    one = t.ppf(0.975, parts.df) * parts.variance**0.5
    assert one < parts.half_width(0.95) < cochran
    assert parts.half_width(0.95) == pytest.approx(0.4 * cochran + 0.6 * one)
    assert plain < cochran  # with a degree of freedom a query, as if there were no clusters


def test_two_seeds_and_strict_levels_keep_cochran_and_its_sum(rng) -> None:
    codes = np.repeat(np.arange(15), 8)
    values = rng.normal(0, 1, (2, len(codes))) + rng.normal(0, 0.2, (2, 1))
    parts = mean_squares([values], [codes])
    net = max(0.0, parts.query_part - parts.residual_part)
    of_seed, of_query = t.ppf(0.975, 1), t.ppf(0.975, parts.query_df)
    cochran = (parts.seed_part * of_seed + net * of_query) / parts.variance**0.5
    assert parts.half_width(0.95) == pytest.approx(cochran)
