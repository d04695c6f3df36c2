from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.geometry.moments import mean_and_covariance


def test_two_rows_are_enough_by_hand() -> None:
    mean, covariance = mean_and_covariance(np.array([[1.0, 5.0], [3.0, 1.0]]))
    assert mean.tolist() == [2.0, 3.0]
    assert covariance.tolist() == [[2.0, -4.0], [-4.0, 8.0]]
    with pytest.raises(ValueError, match="the covariance of 1 rows"):
        mean_and_covariance(np.ones((1, 2)))


@pytest.mark.parametrize("block", [1, 3, 100])
def test_blocks_change_nothing(rng: np.random.Generator, block: int) -> None:
    rows = rng.normal(size=(10, 4)) + 1000.0
    mean, covariance = mean_and_covariance(rows, block)
    np.testing.assert_allclose(mean, rows.mean(axis=0))
    np.testing.assert_allclose(covariance, np.cov(rows, rowvar=False), atol=1e-9)
