"""Sign flips: enumeration, draws and the saddlepoint agree; lattices and tails are exact enough."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import bdtrc
from scipy.stats import permutation_test

from gonogo.analysis.statistics import permutation
from gonogo.analysis.statistics.permutation import sign_flip_p
from gonogo.analysis.statistics.saddlepoint import effective_terms, signed_sum_p


def test_few_terms_are_enumerated() -> None:
    terms = np.array([0.3, -0.1, 0.25, 0.4, 0.0])
    sums = [abs(np.dot(signs, terms)) for signs in itertools.product((-1, 1), repeat=5)]
    expected = np.mean([total >= abs(terms.sum()) - 1e-12 for total in sums])
    assert sign_flip_p(terms) == pytest.approx(expected, abs=1e-15)


def test_enumeration_agrees_with_scipy(rng: np.random.Generator) -> None:
    terms = rng.normal(0.2, 1.0, 11)
    theirs = permutation_test(
        (terms,), lambda x, axis: x.sum(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p(terms) == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.04])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_saddlepoint_agrees_with_many_draws(shift: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    terms = rng.normal(shift, 0.3, 900) * rng.exponential(1, 900)
    signs = np.random.default_rng(9).integers(0, 2, (4_000, 900), dtype=np.int8) * 2.0 - 1
    drawn = float(np.mean(np.abs(signs @ terms) >= abs(terms.sum())))
    assert signed_sum_p(terms) == pytest.approx(drawn, abs=4 * (0.25 / 4_000) ** 0.5)


@pytest.mark.parametrize("ups", [1_500, 1_501, 1_560, 1_700, 2_000, 2_900])
def test_flips_of_one_size_have_the_binomial_tail(ups: int) -> None:
    terms = np.concatenate([np.ones(ups), -np.ones(3_000 - ups)]) / 3_000
    exact = min(1.0, 2 * float(bdtrc(ups - 1, 3_000, 0.5)))
    assert signed_sum_p(terms) == pytest.approx(exact, rel=2e-3)


def test_terms_in_thirds_are_a_lattice() -> None:
    """Three seeds of a 0/1 measure: convolved exactly, by the chance of each total."""
    rng = np.random.default_rng(3)
    thirds = rng.choice([-3, -2, -1, 1, 2, 3], size=600)
    chance = np.array([1.0])
    for size in np.abs(thirds):
        own = np.zeros(2 * size + 1)
        own[[0, -1]] = 0.5
        chance = np.convolve(chance, own)
    totals = np.arange(len(chance)) - len(chance) // 2
    exact = float(chance[np.abs(totals) >= abs(thirds.sum())].sum())
    assert signed_sum_p(thirds / 3 / 600) == pytest.approx(exact, rel=2e-3)


def test_many_terms_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> float:
        raise AssertionError("signs were drawn")

    monkeypatch.setattr(permutation, "_sampled", never)
    terms = np.random.default_rng(0).normal(0.001, 0.3, 5_000)
    assert 0 < sign_flip_p(terms) <= 1
    assert sign_flip_p(terms, draws=10, seed=5) == sign_flip_p(terms)


def test_a_few_heavy_terms_among_many_are_drawn() -> None:
    """A small data set beside a large one: the sum is not nearly normal, and signs are drawn."""
    rng = np.random.default_rng(0)
    terms = np.concatenate([rng.normal(0, 1, 8) / 8, rng.normal(0, 1, 5_000) / 5_000])
    assert effective_terms(terms) < 20
    assert sign_flip_p(terms) * 10_001 == pytest.approx(round(sign_flip_p(terms) * 10_001))


def test_one_sign_throughout_is_never_zero() -> None:
    assert 0 < sign_flip_p(np.random.default_rng(0).exponential(1, 4_000)) < 1e-300


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-6, 1e6), shift=st.floats(-0.2, 0.2))
def test_neither_scale_nor_direction_nor_order_matter(
    seed: int, scale: float, shift: float
) -> None:
    terms = np.random.default_rng(seed).normal(shift, 1.0, 2_500)
    p = sign_flip_p(terms)
    assert 0 < p <= 1
    assert sign_flip_p(-scale * terms[::-1]) == pytest.approx(p, rel=1e-6)
