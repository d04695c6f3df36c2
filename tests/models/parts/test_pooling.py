"""Pooling by mask, on values worked out by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.models.parts.pooling import pad_right, pool, pool_rows

HIDDEN = torch.tensor(
    [[[1.0, 2.0], [3.0, 6.0], [100.0, 100.0]], [[4.0, 0.0], [0.0, 4.0], [5.0, 2.0]]]
)
MASK = torch.tensor([[1, 1, 0], [1, 1, 1]])


def test_mean_by_hand():
    assert pool(HIDDEN, MASK, "mean").tolist() == [[2.0, 4.0], [3.0, 2.0]]


def test_last_token_by_hand():
    assert pool(HIDDEN, MASK, "last_token").tolist() == [[3.0, 6.0], [5.0, 2.0]]


def test_first_token_by_hand():
    assert pool(HIDDEN, MASK, "first_token").tolist() == [[1.0, 2.0], [4.0, 0.0]]


@pytest.mark.parametrize("pooling", ["mean", "last_token", "first_token"])
def test_rows_end_to_end_are_pooled_alike(pooling):
    flat = HIDDEN[MASK.bool()]
    assert pool_rows(flat, [2, 3], pooling).tolist() == pool(HIDDEN, MASK, pooling).tolist()


def test_mean_of_bf16_adds_up_in_fp32():
    hidden = torch.ones(1, 1000, 1, dtype=torch.bfloat16)
    hidden[0, 0] = 256  # 256 + 1 is 256 in bf16
    found = pool(hidden, torch.ones(1, 1000, dtype=torch.long), "mean")
    torch.testing.assert_close(found, torch.tensor([[1255 / 1000]]))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_padding_moves_behind_and_order_stays(lengths):
    longest = max(lengths)
    rows = [list(range(1, length + 1)) for length in lengths]
    left = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    right = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    for ids in (left, right):
        moved, mask = pad_right(ids, (ids > 0).long())
        assert torch.equal(moved, right)
        assert torch.equal(mask, (right > 0).long())
