import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.next_vector.near_duplicates import keep_distinct


def naive(vectors, rows, cosine, recent):
    """One row after another, each against the list of what was kept."""
    kept, decisions = [], []
    for row in rows:
        one = vectors[row].astype(np.float64)
        near = False
        for other in kept[-recent:]:
            lengths = np.linalg.norm(one) * np.linalg.norm(other)
            near = near or bool(lengths > 0 and one @ other / lengths > cosine)
        decisions.append(not near)
        if not near:
            kept.append(one)
    return decisions


@settings(deadline=None, max_examples=80)
@given(
    count=st.integers(0, 40),
    recent=st.integers(1, 9),
    block=st.integers(1, 12),
    directions=st.integers(2, 12),
    seed=st.integers(0, 999),
)
def test_equals_row_by_row_for_every_block(count, recent, block, directions, seed):
    draws = np.random.default_rng(seed)
    angles = 2 * np.pi * draws.integers(0, directions, 50) / directions
    lengths = draws.choice([0.0, 0.5, 1.0, 3.0], 50, p=[0.1, 0.3, 0.3, 0.3])
    vectors = (lengths * np.stack([np.cos(angles), np.sin(angles)])).T.astype(np.float32)
    rows = draws.integers(0, 50, count)
    found = keep_distinct(vectors, rows, cosine=0.99, recent=recent, block=block)
    assert found.tolist() == naive(vectors, rows, 0.99, recent)


def test_only_the_last_kept_are_compared_and_dropped_ones_do_not_count():
    vectors = np.eye(4, dtype=np.float32)
    rows = np.array([0, 1, 1, 1, 0, 2, 0])
    # at the fifth row the last two kept are 0 and 1, at the last one they are 1 and 2
    found = keep_distinct(vectors, rows, recent=2)
    assert found.tolist() == [True, True, False, False, False, True, True]


def test_a_cosine_is_meant_whatever_the_length():
    vectors = np.array([[100.0, 0.0], [0.001, 0.0], [0.05, 0.05]], dtype=np.float32)
    assert keep_distinct(vectors, np.arange(3)).tolist() == [True, False, True]


def test_half_precision_banks_are_compared_in_full():
    draws = np.random.default_rng(0)
    vectors = draws.standard_normal((60, 64)).astype(np.float16)
    rows = np.concatenate([np.arange(60), np.arange(60)])
    assert keep_distinct(vectors, rows).tolist() == [True] * 60 + [False] * 60


@pytest.mark.parametrize(("recent", "block"), [(0, 1), (1, 0)])
def test_a_memory_of_nothing_is_told(recent, block):
    with pytest.raises(ValueError, match="at least 1"):
        keep_distinct(np.eye(2), np.arange(2), recent=recent, block=block)
