"""The paired bootstrap test: by hand, against a plain loop, and its rate under the null."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.analysis.statistics.paired_bootstrap import bootstrap_p
from gonogo.analysis.statistics.permutation import sign_flip_p


def test_two_queries_by_hand() -> None:
    """Shifted differences are -1 and 1; their resampled mean is -1, 0, 0 or 1; observed is 0.5."""
    found = bootstrap_p([np.array([-0.5, 1.5])], draws=10_000)
    assert found == pytest.approx(0.5, abs=0.02)


def test_equal_to_a_plain_loop_over_two_data_sets() -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.normal(0.15, 0.5, 30), rng.normal(0.1, 0.5, 20)]
    observed = np.mean([block.mean() for block in blocks])
    hits = 0
    for _ in range(4_000):
        again = [rng.choice(block - block.mean(), len(block)) for block in blocks]
        hits += abs(np.mean([block.mean() for block in again])) >= abs(observed)
    assert bootstrap_p(blocks) == pytest.approx(hits / 4_000, abs=0.03)


def test_near_the_permutation_test_where_queries_are_many() -> None:
    block = np.random.default_rng(1).normal(0.05, 0.5, 400)
    assert bootstrap_p([block]) == pytest.approx(sign_flip_p(block / len(block)), abs=0.02)


@given(st.floats(0.01, 100.0), st.booleans(), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_neither_unit_nor_direction_matters(scale: float, turned: bool, seed: int) -> None:
    block = np.random.default_rng(seed).normal(0.2, 1.0, 25)
    changed = block * (-scale if turned else scale)
    assert bootstrap_p([changed], draws=500) == pytest.approx(
        bootstrap_p([block], draws=500), abs=0.01
    )


def test_nothing_differs_and_nothing_varies() -> None:
    assert bootstrap_p([np.zeros(10)]) == 1.0
    assert bootstrap_p([np.array([0.4])]) is None
    assert bootstrap_p([np.full(10, 0.2)], draws=999) == pytest.approx(1 / 1_000)


def test_under_the_null_five_percent_fall_below_five_percent() -> None:
    rng = np.random.default_rng(2)
    found = [bootstrap_p([rng.normal(0.0, 1.0, 60)], draws=400) for _ in range(400)]
    assert np.mean([p is not None and p <= 0.05 for p in found]) == pytest.approx(0.05, abs=0.03)
