"""The variance of a difference of two arms with seeds of their own."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.statistics.two_arms import two_arm_mean_squares

LESS = np.array([[0.1, 0.5, 0.3], [0.3, 0.4, 0.8]])
MORE = np.array([[0.6, 0.2, 0.9], [0.7, 0.5, 0.4], [0.2, 0.9, 0.1]])


def residual(block: np.ndarray) -> float:
    """Return E of an arm by loops: residual mean square of a two-way layout / (seeds x queries)."""
    seeds, queries = block.shape
    total = 0.0
    for seed in range(seeds):
        for query in range(queries):
            fitted = block[seed].mean() + block[:, query].mean() - block.mean()
            total += (block[seed, query] - fitted) ** 2
    return total / ((seeds - 1) * (queries - 1)) / (seeds * queries)


def test_the_parts_by_hand() -> None:
    found = two_arm_mean_squares([LESS], [MORE])
    seeds = [np.var(arm.mean(axis=1), ddof=1) / len(arm) for arm in (LESS, MORE)]
    shared = np.var(MORE.mean(axis=0) - LESS.mean(axis=0), ddof=1) / 3
    assert found.seed_part == pytest.approx(sum(seeds))
    assert found.arm_parts == ((pytest.approx(seeds[0]), 2), (pytest.approx(seeds[1]), 3))
    assert found.query_parts == (pytest.approx(shared),)
    assert found.residual_parts == (pytest.approx(residual(LESS) + residual(MORE)),)
    assert (found.seeds, found.queries, found.dfs) == (2, (3,), None)


def test_data_sets_count_alike_whatever_their_size() -> None:
    less, more = [LESS, LESS[:, :2] + 0.1], [MORE, MORE[:, 1:] * 0.5]
    found = two_arm_mean_squares(less, more)
    alone = [two_arm_mean_squares([a], [b]) for a, b in zip(less, more, strict=True)]
    assert found.queries == (3, 2)
    assert found.query_parts == pytest.approx([one.query_parts[0] / 4 for one in alone])
    assert found.residual_parts == pytest.approx([one.residual_parts[0] / 4 for one in alone])
    means = np.mean([block.mean(axis=1) for block in less], axis=0)
    assert found.arm_parts[0][0] == pytest.approx(means.var(ddof=1) / 2)


def test_a_single_run_adds_no_seed_noise() -> None:
    found = two_arm_mean_squares([LESS[:1]], [MORE])
    assert found.arm_parts[0] == (0.0, 1)
    assert found.seed_part == found.arm_parts[1][0] > 0
    assert found.residual_parts == (pytest.approx(residual(MORE)),)
    assert found.seeds == 1


def test_arms_may_be_exchanged() -> None:
    one, other = two_arm_mean_squares([LESS], [MORE]), two_arm_mean_squares([MORE], [LESS])
    assert one.variance == pytest.approx(other.variance)
    assert one.seed_df == pytest.approx(other.seed_df)


def test_clusters_of_one_query_each_change_nothing_but_say_their_degrees() -> None:
    plain = two_arm_mean_squares([LESS], [MORE])
    own = two_arm_mean_squares([LESS], [MORE], [np.arange(3)])
    assert own.query_parts == pytest.approx(plain.query_parts)
    assert own.dfs == (pytest.approx(2.0),)


def test_other_queries_in_one_arm_are_refused() -> None:
    with pytest.raises(ValueError, match="the arms differ in queries"):
        two_arm_mean_squares([LESS], [MORE[:, :2]])
    with pytest.raises(ValueError, match="holds NaN"):
        two_arm_mean_squares([LESS], [MORE * np.nan])
