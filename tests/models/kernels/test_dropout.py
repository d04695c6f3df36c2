"""Dropout: rate, scale, replay, and gradients through the same mask."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.models.kernels.dropout import Dropout, replace_dropout


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
def test_rate_and_scale(p):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        found = Dropout(p)(torch.ones(400, 1000))
    values = found.unique()
    assert len(values) == 2
    assert values[0] == 0
    torch.testing.assert_close(values[1], torch.tensor(1 / (1 - p)), rtol=1e-3, atol=0)
    spread = (p * (1 - p) / found.numel()) ** 0.5
    assert abs((found == 0).float().mean() - p) < 5 * spread
    torch.testing.assert_close(found.mean(), torch.tensor(1.0), rtol=0.02, atol=0)


def test_each_of_the_four_places_of_a_draw_is_dropped_alike():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        zeros = (Dropout(0.3)(torch.ones(100_000, 4)) == 0).float()
    assert (zeros.mean(0) - 0.3).abs().max() < 5 * (0.21 / 100_000) ** 0.5
    assert (torch.corrcoef(zeros.T) - torch.eye(4)).abs().max() < 0.02


@settings(deadline=None, max_examples=20)
@given(
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3), p=st.sampled_from([0.0, 0.5, 1.0])
)
def test_any_shape_and_the_extremes(shape, p):
    values = torch.full(tuple(shape), 3.0)
    found = Dropout(p)(values)
    assert found.shape == values.shape
    if p in (0.0, 1.0):
        assert torch.equal(found, values * (1 - p))
    assert torch.equal(Dropout(p).eval()(values), values)


def test_one_state_of_the_generator_gives_one_mask_and_its_gradient():
    values = torch.ones(50, 50, requires_grad=True)
    state = torch.get_rng_state()
    first = Dropout(0.5)(values)
    torch.set_rng_state(state)
    assert torch.equal(first, Dropout(0.5)(values))
    first.sum().backward()
    assert torch.equal(values.grad, first.detach())


def test_every_dropout_of_a_model_is_replaced(model):
    kinds = {type(part) for part in model.modules()}
    assert Dropout in kinds
    assert torch.nn.Dropout not in kinds
    rates = torch.nn.Sequential(torch.nn.Dropout(0.25))
    replace_dropout(rates)
    assert rates[0].p == 0.25
