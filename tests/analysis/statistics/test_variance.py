"""Variance components: a hand-computed layout, scipy's t, and what is counted once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gonogo.analysis.statistics.two_arms import two_arm_mean_squares
from gonogo.analysis.statistics.variance import USUAL, half_width, mean_squares

# Rows are seeds. Seed means 2, 4; query means 2, 3, 4; grand mean 3.
# Residuals y - row - column + grand: [[0, 1, -1], [0, -1, 1]], mean square 4 / (1 * 2) = 2.
LAYOUT = np.array([[1.0, 3.0, 2.0], [3.0, 3.0, 6.0]])
MORE = np.array([[3.0, 9.0, -4.0], [4.0, 8.0, -5.0], [2.0, 9.0, -6.0]])


def test_parts_of_a_balanced_layout_by_hand() -> None:
    parts = mean_squares([LAYOUT])
    assert parts.seed_part == pytest.approx(1.0)  # var(2, 4) / 2 seeds = 2 / 2
    assert parts.query_parts == pytest.approx((1 / 3,))  # var(2, 3, 4) / 3 queries
    assert parts.residual_parts == pytest.approx((1 / 3,))  # 2 / (2 * 3)
    assert parts.variance == pytest.approx(1.0)  # 1 + 1/3 - 1/3: the residual once
    # Satterthwaite: 1^2 / (1^2 / 1 + (1/3)^2 / 2 + (1/3)^2 / 2) = 1 / (10 / 9)
    assert parts.df == pytest.approx(0.9)
    assert parts.query_df == pytest.approx(2.0)


def test_parts_of_two_data_sets_by_hand() -> None:
    """Seeds are averaged over data sets first, so that opposite seed effects cancel."""
    parts = mean_squares([LAYOUT, 6.0 - LAYOUT[:, :2]])
    # Second data set: seed means 4, 3; overall 3, 3.5: variance 1/8, over 2 seeds 1/16.
    assert parts.seed_part == pytest.approx(1 / 16)
    # Query means 4, 3: variance 1/2; over 2 queries and 2^2 data sets: 1/16; the first: 1/12.
    assert parts.query_parts == pytest.approx((1 / 12, 1 / 16))
    # Second: residuals [[1, -1], [-1, 1]] / 2, mean square 1; over 2 seeds, 2 queries and 2^2.
    assert parts.residual_parts == pytest.approx((1 / 12, 1 / 16))


def test_components_are_recovered_from_a_large_layout(rng: np.random.Generator) -> None:
    seeds, queries = 400, 500
    block = (
        0.5 * rng.normal(size=(seeds, 1))
        + 2.0 * rng.normal(size=queries)
        + 1.0 * rng.normal(size=(seeds, queries))
    )
    parts = mean_squares([block])
    residual = parts.residual_part * seeds * queries
    assert residual == pytest.approx(1.0, rel=0.05)
    assert (parts.seed_part - parts.residual_part) * seeds == pytest.approx(0.25, rel=0.25)
    assert (parts.query_part - parts.residual_part) * queries == pytest.approx(4.0, rel=0.25)


def test_without_seed_noise_the_half_width_is_students_t_over_queries(
    rng: np.random.Generator,
) -> None:
    """All seeds alike: exactly the interval of a one-sample t over queries."""
    one = rng.normal(size=30)
    parts = mean_squares([np.tile(one, (3, 1))])
    expected = stats.ttest_1samp(one, 0.0).confidence_interval(0.95)
    assert parts.half_width(0.95) == pytest.approx((expected.high - expected.low) / 2)


def test_without_query_noise_the_half_width_is_students_t_over_seeds(
    rng: np.random.Generator,
) -> None:
    means = rng.normal(size=5)
    parts = mean_squares([np.tile(means[:, None], (1, 40))])
    expected = stats.ttest_1samp(means, 0.0).confidence_interval(0.9)
    assert parts.half_width(0.9) == pytest.approx((expected.high - expected.low) / 2)


def test_half_width_lies_between_the_two_ts() -> None:
    """Cochran's critical value is an average of the two, never narrower than the normal one."""
    seed, query, residual = np.array([0.4]), np.array([0.7]), np.array([0.1])
    half = half_width(seed, query, residual, seed_df=2.0, query_df=99.0, level=0.95)
    error = np.sqrt(0.4 + 0.6)
    assert stats.t.ppf(0.975, 99) * error < half[0] < stats.t.ppf(0.975, 2) * error
    assert half[0] == pytest.approx(0.4 * stats.t.ppf(0.975, 2) + 0.6 * stats.t.ppf(0.975, 99))


def test_many_small_data_sets_pool_their_degrees_of_freedom(rng: np.random.Generator) -> None:
    parts = mean_squares([rng.normal(size=(3, 5)) for _ in range(20)])
    assert parts.query_df > 30  # not the 4 of one data set


def test_a_layout_with_a_hole_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        mean_squares([np.array([[1.0, np.nan]])])
    with pytest.raises(ValueError, match="seeds"):
        mean_squares([np.ones((2, 3)), np.ones((3, 3))])
    with pytest.raises(ValueError, match="no data sets"):
        mean_squares([])


def test_a_data_set_without_clusters_beside_clustered_ones_has_a_degree_less_than_queries() -> None:
    found = mean_squares([LAYOUT, LAYOUT[:, :2]], [None, np.arange(2)])
    assert found.dfs is not None
    assert found.dfs[0] == 2.0
    assert found.query_parts[0] == pytest.approx(1 / 3 / 4)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_half_width_by_scipys_t(level: float) -> None:
    """At usual levels parts weigh the two t values (Cochran); beyond, half widths are added."""
    found = two_arm_mean_squares([LAYOUT], [MORE])
    net = found.query_part - found.residual_part
    queries = stats.t.ppf((1 + level) / 2, found.query_df)
    seeds = [part * stats.t.ppf((1 + level) / 2, n - 1) for part, n in found.arm_parts]
    if level > USUAL:
        wanted = ((sum(seeds) / found.seed_part**0.5) ** 2 + net * queries**2) ** 0.5
    else:
        wanted = (sum(seeds) + net * queries) / (found.seed_part + net) ** 0.5
    assert net > 0
    assert found.half_width(level) == pytest.approx(wanted)
