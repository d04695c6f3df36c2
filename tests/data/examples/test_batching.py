import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.examples.batching import (
    MOST_PADDING,
    end_to_end_chunks,
    epoch_order,
    even_shares,
    pad,
    padding_waste,
    token_budget_chunks,
)

LENGTHS = st.lists(st.integers(0, 60), max_size=40)


def test_epoch_order_is_a_permutation_that_depends_on_every_argument():
    order = epoch_order(100, 42, "embed", 0)
    assert order.dtype == np.int64
    assert sorted(order) == list(range(100))
    assert order.tolist() == epoch_order(100, 42, "embed", 0).tolist()
    others = [(100, 43, "embed", 0), (100, 42, "rerank", 0), (100, 42, "embed", 1)]
    for other in others:
        assert order.tolist() != epoch_order(*other).tolist()


def test_epoch_order_ignores_and_leaves_the_global_generator():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    epoch_order(10, 1, "embed", 0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@settings(deadline=None, max_examples=100)
@given(lengths=LENGTHS, budget=st.integers(1, 200))
def test_chunks_hold_every_row_once_and_respect_the_budget(lengths, budget):
    chunks = token_budget_chunks(lengths, budget)
    assert sorted(itertools.chain(*chunks)) == list(range(len(lengths)))
    for chunk in chunks:
        longest = max(lengths[row] for row in chunk)
        assert len(chunk) == 1 or len(chunk) * longest <= budget
    longest_of = [max(lengths[row] for row in chunk) for chunk in chunks]
    assert longest_of == sorted(longest_of, reverse=True)


def _every_partition(count):
    for cuts in itertools.product([False, True], repeat=max(0, count - 1)):
        stops = [i + 1 for i, cut in enumerate(cuts) if cut] + [count]
        yield list(zip([0, *stops[:-1]], stops, strict=True))


@settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=9),
    budget=st.integers(5, 60),
    cost=st.integers(0, 10),
)
def test_chunks_are_the_cheapest_of_all_partitions(lengths, budget, cost):
    ascending = sorted(lengths)

    def price(parts):
        fits = all(b - a == 1 or (b - a) * ascending[b - 1] <= budget for a, b in parts)
        padded = sum((b - a) * ascending[b - 1] for a, b in parts)
        return padded + cost * len(parts) if fits else float("inf")

    best = min(price(parts) for parts in _every_partition(len(lengths)))
    chunks = token_budget_chunks(lengths, budget, chunk_cost=cost, most_padding=1.0)
    padded = sum(len(chunk) * max(lengths[row] for row in chunk) for chunk in chunks)
    assert padded + cost * len(chunks) == best


def test_chunks_by_hand():
    chunks = token_budget_chunks([2, 10, 2, 9], budget=20, chunk_cost=1)
    assert [chunk.tolist() for chunk in chunks] == [[3, 1], [0, 2]]
    assert padding_waste([2, 10, 2, 9], chunks) == pytest.approx(1 / 24)


def spread(rows, seed):
    return np.random.default_rng(seed).lognormal(4, 0.7, size=rows).clip(4, 256).astype(int)


@pytest.mark.parametrize("budget", [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536])
@pytest.mark.parametrize("rows", [24, 48, 72, 96, 5_000])
def test_padding_stays_under_five_percent_for_texts_of_ordinary_spread(rows, budget):
    """A step's few rows at every budget that a machine may choose, and a segment of a corpus."""
    for seed in range(8 if rows < 100 else 1):
        lengths = spread(rows, seed)
        assert padding_waste(lengths, token_budget_chunks(lengths, budget)) <= 0.05


@settings(deadline=None, max_examples=100)
@given(lengths=LENGTHS, budget=st.integers(1, 5_000))
def test_padding_stays_under_five_percent_for_any_texts(lengths, budget):
    assert padding_waste(lengths, token_budget_chunks(lengths, budget)) <= MOST_PADDING


def test_no_more_blocks_are_started_than_the_limit_on_padding_asks_for():
    """As if each halving of the cost had been tried in turn."""
    for seed in range(10):
        lengths, cost = spread(60, seed), 1024
        while True:
            by_cost = token_budget_chunks(lengths, 32_768, chunk_cost=cost, most_padding=1.0)
            if padding_waste(lengths, by_cost) <= MOST_PADDING:
                break
            cost //= 2
        found = token_budget_chunks(lengths, 32_768)
        assert [rows.tolist() for rows in found] == [rows.tolist() for rows in by_cost]
        assert len(found) < len(set(lengths.tolist()))


def test_any_padding_may_be_allowed():
    lengths = spread(72, 0)
    few = token_budget_chunks(lengths, 65_536, most_padding=1.0)
    assert len(few) <= 3
    assert padding_waste(lengths, few) > 0.3


@pytest.mark.parametrize("budget", [0, -1])
def test_a_budget_without_room_is_refused(budget):
    with pytest.raises(ValueError, match="budget"):
        token_budget_chunks([1], budget)


def test_no_rows():
    assert token_budget_chunks([], 10) == []
    assert padding_waste([], []) == 0.0
    ids, mask = pad([], 0)
    assert ids.shape == mask.shape == (0, 0)


def test_pad_by_hand_on_both_sides_with_a_padding_id_that_is_also_a_token():
    ids, mask = pad([[5, 7, 5], [6]], 5)
    assert ids.tolist() == [[5, 7, 5], [6, 5, 5]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    ids, mask = pad([[5, 7, 5], [6]], 5, side="left")
    assert ids.tolist() == [[5, 7, 5], [5, 5, 6]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=6),
    st.sampled_from(["right", "left"]),
)
def test_the_mask_gives_the_rows_back(rows, side):
    ids, mask = pad(rows, 0, side)
    assert [row[kept == 1].tolist() for row, kept in zip(ids, mask, strict=True)] == rows


@settings(deadline=None, max_examples=100)
@given(lengths=LENGTHS, budget=st.integers(1, 200))
def test_blocks_without_padding_hold_every_row_once_and_no_more_than_the_budget(lengths, budget):
    chunks = end_to_end_chunks(lengths, budget)
    assert sorted(itertools.chain(*chunks)) == list(range(len(lengths)))
    for chunk in chunks:
        held = [lengths[row] for row in chunk]
        assert len(chunk) == 1 or sum(held) <= budget
        assert len(chunk) == 1 or len(chunk) * max(held) <= 2 * budget
        assert held == sorted(held, reverse=True)


@settings(deadline=None, max_examples=100)
@given(lengths=st.lists(st.integers(1, 64), min_size=1, max_size=60), budget=st.integers(128, 500))
def test_blocks_without_padding_are_of_like_size(lengths, budget):
    chunks = end_to_end_chunks(lengths, budget)
    held = [sum(lengths[row] for row in chunk) for chunk in chunks]
    assert max(held) <= sum(lengths) / -(-sum(lengths) // (budget - max(lengths) + 1)) + max(
        lengths
    )


def test_a_batch_of_equal_rows_is_cut_evenly():
    def counts(lengths, budget):
        return [len(chunk) for chunk in end_to_end_chunks(lengths, budget)]

    assert counts([10] * 25, 100) == [8, 9, 8]  # not 10, 10 and 5
    assert counts([256] * 35, 2048) == [7] * 5
    assert counts([256] * 8 + [20] * 8, 1024) == [3, 3, 8, 2]
    chunks = end_to_end_chunks([2, 12, 4, 10], 27)
    assert [chunk.tolist() for chunk in chunks] == [[1], [3, 2, 0]]
    chunks = end_to_end_chunks([2, 12, 4, 10], 16)
    assert [chunk.tolist() for chunk in chunks] == [[1], [3], [2, 0]]


@settings(deadline=None, max_examples=100)
@given(lengths=LENGTHS, count=st.integers(1, 5))
def test_shares_hold_every_row_once_and_as_many_tokens_as_each_other(lengths, count):
    shares = even_shares(lengths, count)
    assert sorted(itertools.chain(*shares)) == list(range(len(lengths)))
    assert all(len(share) for share in shares)
    held = [sum(lengths[row] for row in share) for share in shares]
    held += [0] * (count - len(shares))
    assert max(held) - min(held) <= max(lengths, default=0)
    for share in shares:
        assert [lengths[row] for row in share] == sorted((lengths[r] for r in share), reverse=True)


def test_shares_of_a_batch():
    assert [share.tolist() for share in even_shares([5, 3, 9, 4, 4], 2)] == [[2, 3], [0, 4, 1]]
    assert [share.tolist() for share in even_shares([7], 2)] == [[0]]


def test_a_budget_below_one_token_is_refused_without_padding_too():
    with pytest.raises(ValueError, match="budget"):
        end_to_end_chunks([1], 0)
