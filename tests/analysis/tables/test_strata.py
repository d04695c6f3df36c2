from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.tables.strata import (
    check_strata,
    check_values,
    count_queries,
    differences,
    seed_means,
)

SMALL, LARGE = np.array([[1.0], [3.0]]), np.array([[0.0, 2.0, 4.0], [1.0, 1.0, 1.0]])


def test_data_sets_weigh_alike_in_a_seeds_mean() -> None:
    assert seed_means([SMALL, LARGE]).tolist() == [1.5, 2.0]
    assert count_queries([SMALL, LARGE]) == 4


def test_differences_are_candidate_less_reference() -> None:
    [found] = differences([(LARGE, LARGE * 3)])
    assert found.tolist() == (LARGE * 2).tolist()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "no data sets"),
        ([np.ones((2, 0))], "data set 0 has shape"),
        ([SMALL, LARGE[:1]], "data set 1 has 1 seeds, not 2"),
        ([LARGE + np.inf], "data set 0 holds NaN or infinities"),
    ],
)
def test_what_is_no_full_layout_is_refused(values: list[np.ndarray], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_values(values)


def test_arms_of_other_shapes_are_refused() -> None:
    check_strata([(SMALL, SMALL), (LARGE, LARGE)])
    with pytest.raises(ValueError, match="data set 1: reference"):
        check_strata([(SMALL, SMALL), (LARGE, LARGE[:, :2])])
