"""Random bits: rate at every place of a word, signs and masks, replay."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.models.kernels.random_bits import (
    RandomBits,
    drawing_from,
    without_negatives,
    zero_where_negative,
)


def bits(seed=1):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RandomBits()


@settings(deadline=None, max_examples=30)
@given(p=st.floats(0, 1), seed=st.integers(0, 2**62))
def test_rate(p, seed):
    found = bits(seed).hits(40_001, p)
    assert set(found.unique().tolist()) <= {0, 1}
    assert abs(found.double().mean() - p) < 6 * (p * (1 - p) / 40_001) ** 0.5 + 1 / 65536


def test_the_extremes_are_exact():
    assert (bits().hits(10_001, 0.0) == 0).all()
    assert (bits().hits(10_001, 1.0) == 1).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_every_format_gets_the_same_signs_and_mask(dtype):
    values = torch.full((7, 11), 0.25, dtype=dtype)
    mask = bits().keep(values, 0.25)
    bits().flip(values, 0.25)
    assert torch.equal(values < 0, bits().hits(77, 0.25).view(7, 11) == 1)
    assert torch.equal(mask == 0, values < 0)
    assert set(values.abs().unique().tolist()) == {0.25}
    assert torch.equal(mask.unique(), torch.tensor([0, 4 / 3], dtype=dtype))
    assert mask.dtype == dtype


def test_streams_follow_torchs_generator_and_move_it():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first, second = RandomBits().hits(100, 0.5), RandomBits().hits(100, 0.5)
    assert torch.equal(first, bits(1).hits(100, 0.5))
    assert not torch.equal(first, second)
    assert not torch.equal(first, bits(2).hits(100, 0.5))


def test_a_long_stream_keeps_its_rate_and_its_draws_are_independent():
    stream, count, p = bits(), 600_000, 0.1
    masks = [stream.hits(count, p) for _ in range(9)]  # the tables begin behind the fourth
    rates = torch.stack(masks).double().mean(1)
    assert (rates - p).abs().max() < 6 * (p * (1 - p) / count) ** 0.5
    for first, second in itertools.combinations(masks, 2):
        for shift in (0, 1, 7):
            together = (first[: count - shift] * second[shift:]).double().mean()
            assert abs(together - p * p) < 6 * (p * p * (1 - p * p) / count) ** 0.5
    neighbours = (masks[8][1:] * masks[8][:-1]).double().mean()
    assert abs(neighbours - p * p) < 6 * (p * p * (1 - p * p) / count) ** 0.5


def test_a_long_stream_is_a_function_of_its_seed_and_of_what_was_asked():
    def draws(seed):
        with drawing_from(seed):
            return [RandomBits().hits(700_000, 0.5) for _ in range(5)]

    assert all(map(torch.equal, draws(1), draws(1)))
    assert not any(map(torch.equal, draws(1), draws(2)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_signs_are_masks(dtype):
    values = torch.tensor([-2.0, -0.0, 0.0, 0.5, 3.0], dtype=dtype)
    assert torch.equal(without_negatives(values), values.relu())
    other = torch.tensor([1.0, 2.0, 3.0, -4.0, 5.0], dtype=dtype)
    signs = torch.tensor([-1.0, 1.0, 0.0, 2.0, -3.0], dtype=dtype)
    assert zero_where_negative(other, signs).tolist() == [0.0, 2.0, 3.0, -4.0, 0.0]
