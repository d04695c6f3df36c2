"""Random bits: rate at every place of a word, signs and masks, replay."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.models.random_bits import RandomBits, without_negatives, zero_where_negative


def bits(seed=1):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RandomBits()


@settings(deadline=None, max_examples=30)
@given(p=st.floats(0, 1), seed=st.integers(0, 2**62))
def test_rate(p, seed):
    found = (bits(seed).below(40_001, p) < 0).double().mean()
    assert abs(found - p) < 6 * (p * (1 - p) / 40_001) ** 0.5 + 1 / 32768


def test_the_extremes_are_exact():
    assert (bits().below(10_001, 0.0) >= 0).all()
    assert (bits().below(10_001, 1.0) < 0).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_every_format_gets_the_same_signs_and_mask(dtype):
    values = torch.full((7, 11), 0.25, dtype=dtype)
    mask = bits().keep(values, 0.25)
    bits().flip(values, 0.25)
    assert torch.equal(values < 0, bits().below(77, 0.25).view(7, 11) < 0)
    assert torch.equal(mask == 0, values < 0)
    assert set(values.abs().unique().tolist()) == {0.25}
    assert torch.equal(mask.unique(), torch.tensor([0, 4 / 3], dtype=dtype))
    assert mask.dtype == dtype


def test_streams_follow_torchs_generator_and_move_it():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first, second = RandomBits().below(100, 0.5), RandomBits().below(100, 0.5)
    assert torch.equal(first, bits(1).below(100, 0.5))
    assert not torch.equal(first, second)
    assert not torch.equal(first, bits(2).below(100, 0.5))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_signs_are_masks(dtype):
    values = torch.tensor([-2.0, -0.0, 0.0, 0.5, 3.0], dtype=dtype)
    assert torch.equal(without_negatives(values), values.relu())
    other = torch.tensor([1.0, 2.0, 3.0, -4.0, 5.0], dtype=dtype)
    signs = torch.tensor([-1.0, 1.0, 0.0, 2.0, -3.0], dtype=dtype)
    assert zero_where_negative(other, signs).tolist() == [0.0, 2.0, 3.0, -4.0, 0.0]
