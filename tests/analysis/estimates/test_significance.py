"""Paired tests against scipy, exactness, and corrections by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gonogo.analysis.estimates.significance import bonferroni, holm, paired_tests
from gonogo.analysis.statistics.permutation import sign_flip_p

few = settings(max_examples=25, deadline=None)


def pair(differences: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.zeros((1, len(differences))), differences[None, :])]


def test_exact_p_by_hand() -> None:
    """Of 8 sign patterns of (1, 2, 3) only +++ and --- reach 6; those with |sum| >= 4 are 4."""
    assert sign_flip_p(np.array([1.0, 2.0, 3.0])) == 2 / 8
    assert sign_flip_p(np.array([-1.0, 2.0, 3.0])) == 4 / 8


def test_exact_p_equals_enumeration_and_scipy(rng: np.random.Generator) -> None:
    differences = rng.normal(0.4, 1.0, size=9)
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=9)]
    expected = np.mean([s >= abs(differences.sum()) - 1e-12 for s in sums])
    assert paired_tests(pair(differences)).p_permutation == expected
    oracle = stats.permutation_test(
        (differences, np.zeros(9)), lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples", vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert oracle.pvalue == pytest.approx(expected)


def test_sampled_p_agrees_with_scipy(rng: np.random.Generator) -> None:
    differences = rng.normal(0.15, 1.0, size=150)
    found = paired_tests(pair(differences), draws=20_000).p_permutation
    oracle = stats.permutation_test(
        (differences, np.zeros(150)), lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples", vectorized=True, n_resamples=20_000, rng=rng,
    )  # fmt: skip
    assert found == pytest.approx(oracle.pvalue, abs=0.015)


def test_sampled_p_is_never_zero() -> None:
    assert paired_tests(pair(np.full(100, 0.1)), draws=999).p_permutation == 1 / 1000


def test_zero_differences_do_not_count_towards_the_enumeration() -> None:
    """Three moves among 500 ties are still exact."""
    differences = np.zeros(503)
    differences[[3, 50, 400]] = 1.0, 2.0, 3.0
    assert paired_tests(pair(differences)).p_permutation == pytest.approx(2 / 8)


def test_nothing_differs() -> None:
    test = paired_tests(pair(np.zeros(20)))
    assert test.p_permutation == 1.0
    assert (test.p_t, test.p_wilcoxon, test.effect_size) == (None, None, None)
    assert (test.wins, test.ties, test.losses) == (0, 20, 0)


def test_the_same_gain_on_every_query_has_no_spread(rng: np.random.Generator) -> None:
    reference = rng.random((1, 50))
    test = paired_tests([(reference, reference + 0.1)])
    assert (test.p_t, test.effect_size) == (None, None)
    assert test.wins == 50


def test_rounding_of_the_mean_over_seeds_is_a_tie() -> None:
    reference = np.tile([[0.1], [0.2], [0.3]], (1, 4))
    candidate = reference[[2, 0, 1]]  # the same three scores, summed in another order
    test = paired_tests([(reference, candidate)])
    assert (test.ties, test.p_permutation) == (4, 1.0)


def test_t_wilcoxon_and_effect_size_of_one_data_set_are_scipys(rng: np.random.Generator) -> None:
    reference, candidate = rng.random((3, 80)), rng.random((3, 80)) + 0.05
    test = paired_tests([(reference, candidate)])
    a, b = candidate.mean(axis=0), reference.mean(axis=0)
    assert test.p_t == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert test.p_wilcoxon == pytest.approx(stats.wilcoxon(a, b).pvalue)
    assert test.effect_size == pytest.approx((a - b).mean() / (a - b).std(ddof=1))
    assert (test.wins, test.losses) == (int((a > b).sum()), int((a < b).sum()))


@pytest.mark.parametrize("n", [3, 6, 12, 20, 60])
def test_small_and_tied_samples_warn_nobody(n: int) -> None:
    differences = np.array([0.5, 0.5, -0.5, 0.0, 1.0, 0.25] * 10)[:n]
    p = paired_tests(pair(differences)).p_wilcoxon
    assert p is not None
    assert 0 < p <= 1


def test_strata_have_equal_weight(rng: np.random.Generator) -> None:
    """A tiny data set's shift is not drowned by a large one without any."""
    small = (np.zeros((1, 12)), np.full((1, 12), 0.3) + 0.01 * rng.normal(size=(1, 12)))
    large = (np.zeros((1, 2_000)), 0.3 * rng.normal(size=(1, 2_000)))
    weighted = paired_tests([small, large]).p_permutation
    pooled = np.concatenate([small[1][0], large[1][0]])
    assert weighted is not None
    assert weighted < 0.01
    assert stats.ttest_1samp(pooled, 0.0).pvalue > 0.1


def test_false_alarm_rate_of_the_permutation_test() -> None:
    rng = np.random.default_rng(3)
    p = [
        paired_tests(pair(rng.normal(size=25) ** 3), draws=400, seed=n).p_permutation
        for n in range(400)
    ]
    assert 0.02 <= np.mean([value is not None and value <= 0.05 for value in p]) <= 0.09


@few
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_swap_and_order_leave_an_exact_p_unchanged(values: list[float], random) -> None:
    differences = np.round(np.array(values), 3)
    shuffled = list(differences)
    random.shuffle(shuffled)
    p = paired_tests(pair(differences))
    assert paired_tests(pair(-differences)).p_permutation == p.p_permutation
    assert paired_tests(pair(np.array(shuffled))).p_permutation == p.p_permutation
    swapped = paired_tests(pair(-differences))
    assert (swapped.wins, swapped.losses) == (p.losses, p.wins)


def test_equal_seeds_give_equal_sampled_p(rng: np.random.Generator) -> None:
    strata = pair(rng.normal(0.1, 1, size=100))
    assert paired_tests(strata, seed=5) == paired_tests(strata, seed=5)


def test_holm_by_hand() -> None:
    """0.01 * 4, 0.02 * 3, then 0.03 * 2 and 0.04 * 1, which must not fall below 0.06."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_bonferroni_by_hand() -> None:
    assert bonferroni([0.04, 0.01, 0.5]) == pytest.approx([0.12, 0.03, 1.0])


def test_a_missing_comparison_neither_counts_nor_poisons() -> None:
    assert holm([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert bonferroni([0.01, None, 0.04]) == [0.02, None, 0.08]
    assert holm([None]) == [None]
    assert holm([]) == []


@few
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_is_at_least_as_powerful_as_bonferroni(p: list[float]) -> None:
    for raw, step, all_at_once in zip(p, holm(p), bonferroni(p), strict=True):
        assert step is not None
        assert all_at_once is not None
        assert raw <= step <= all_at_once + 1e-12
