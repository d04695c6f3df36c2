import math

import numpy as np
import pytest

from gonogo.analysis.geometry.subspaces import (
    inner_products,
    overlap_from_inner_products,
    subspace_overlap,
)


def gaussian(count, width, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width))


def by_svd(left, right, rank):
    bases = [np.linalg.svd(one, full_matrices=False)[2][:rank] for one in (left, right)]
    return np.linalg.svd(bases[0] @ bases[1].T, compute_uv=False)


def test_two_planes_by_hand():
    tilt = math.radians(30)
    left = np.array([[1.0, 0, 0], [0, 2, 0]])
    right = np.array([[5.0, 0, 0], [0, math.cos(tilt), math.sin(tilt)]])
    found = subspace_overlap(left, right, 2)
    assert found.cosines == pytest.approx((1, math.cos(tilt)))
    assert found.angles == pytest.approx((0, tilt), abs=1e-7)
    assert found.mean_squared_cosine == pytest.approx((1 + 0.75) / 2)
    assert found.chance == pytest.approx(2 / 3)


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_equals_the_decomposition_of_the_whole(rank):
    left, right = gaussian(6, 40), gaussian(8, 40, seed=1)
    right[:3] += 2 * left[:3]
    found = subspace_overlap(left, right, rank)
    expected = by_svd(left, right, rank)
    np.testing.assert_allclose(found.cosines, expected, atol=1e-10)
    assert found.mean_squared_cosine == pytest.approx((expected**2).mean(), abs=1e-10)


def test_the_top_subspace_is_that_of_the_largest_directions():
    axes = np.eye(5)
    left = np.array([9, 8, 0.1])[:, None] * axes[[0, 1, 2]]
    right = np.array([0.1, 8, 9])[:, None] * axes[[0, 3, 4]]
    assert subspace_overlap(left, right, 2).mean_squared_cosine == pytest.approx(0)
    assert subspace_overlap(left, left * 3, 2).mean_squared_cosine == pytest.approx(1)


def test_mixing_the_rows_or_turning_both_sides_changes_nothing():
    left, right = gaussian(4, 9), gaussian(4, 9, seed=1)
    mixed = np.linalg.qr(gaussian(4, 4, seed=2))[0] @ left
    turn = np.linalg.qr(gaussian(9, 9, seed=3))[0]
    expected = subspace_overlap(left, right, 3).cosines
    assert subspace_overlap(mixed, right, 3).cosines == pytest.approx(expected, abs=1e-9)
    assert subspace_overlap(left @ turn, right @ turn, 3).cosines == pytest.approx(
        expected, abs=1e-9
    )


def test_random_subspaces_overlap_by_chance():
    found = [
        subspace_overlap(gaussian(5, 50, seed), gaussian(5, 50, seed + 1000), 5)
        for seed in range(60)
    ]
    mean = np.mean([one.mean_squared_cosine for one in found])
    assert found[0].chance == pytest.approx(0.1)
    assert mean == pytest.approx(0.1, abs=0.01)


def test_kept_inner_products_are_enough_and_blocks_change_nothing():
    left, right = gaussian(4, 30).astype(np.float32), gaussian(5, 30, seed=1).astype(np.float32)
    np.testing.assert_allclose(
        inner_products(left, right, columns=7),
        left.astype(np.float64) @ right.astype(np.float64).T,
        atol=1e-13,
    )
    kept = overlap_from_inner_products(
        inner_products(left, left, columns=7), inner_products(right, right, columns=7),
        inner_products(left, right, columns=7), rank=3, dimension=30,
    )  # fmt: skip
    assert kept.cosines == pytest.approx(subspace_overlap(left, right, 3).cosines, abs=1e-10)


@pytest.mark.parametrize("rank", [0, 3])
def test_a_rank_that_the_rows_do_not_span_is_refused(rank):
    left = gaussian(2, 10)
    thin = np.concatenate([left, left.sum(axis=0, keepdims=True)])
    with pytest.raises(ValueError, match=rf"rank {rank}: the rows span 2 directions"):
        subspace_overlap(thin, gaussian(4, 10, seed=1), rank)


def test_rows_of_zeros_span_nothing():
    with pytest.raises(ValueError, match="span 0 directions"):
        subspace_overlap(np.zeros((3, 4)), gaussian(3, 4), 1)
