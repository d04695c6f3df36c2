import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.training.next_vector.margin import MarginMeter


def test_margin_by_hand_over_batches_of_different_sizes():
    meter = MarginMeter()
    meter.add(
        torch.tensor([0.9, 0.5]),
        torch.tensor([[0.5, 0.1, -1.0], [0.5, 0.9, 0.7]]),
        torch.tensor([[True, True, False], [True, False, False]]),
    )
    meter.add(torch.tensor([0.4]), torch.tensor([[0.3]]), torch.tensor([[True]]))
    result = meter.result()
    assert result.positive == pytest.approx((0.9 + 0.5 + 0.4) / 3)
    assert result.negative == pytest.approx((0.5 + 0.1 + 0.5 + 0.3) / 4)
    assert result.value == pytest.approx(0.6 - 0.35)
    assert result.violations == pytest.approx(1 / 4)  # 0.5 is as near as the positive at 0.5
    assert result.pairs == 4


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), n=st.integers(1, 6), m=st.integers(0, 5))
def test_batches_add_up_and_what_is_masked_means_nothing(seed, n, m):
    draws = torch.Generator().manual_seed(seed)
    positives = 2 * torch.rand(n, generator=draws) - 1
    negatives = 2 * torch.rand(n, m, generator=draws) - 1
    in_force = torch.rand(n, m, generator=draws) < 0.5
    whole, parts = MarginMeter(), MarginMeter()
    whole.add(positives, negatives.masked_fill(~in_force, math.nan), in_force)
    for i in range(n):
        parts.add(positives[i : i + 1], negatives[i : i + 1], in_force[i : i + 1])
    first, second = whole.result(), parts.result()
    if not in_force.any():
        assert first is None
        assert second is None
        return
    expected = positives.double().mean() - negatives.double()[in_force].mean()
    assert first.value == pytest.approx(expected.item())
    assert second.value == pytest.approx(expected.item())
    assert first.pairs == second.pairs == int(in_force.sum())


def test_an_empty_meter_has_no_margin():
    assert MarginMeter().result() is None


@pytest.mark.parametrize("side", [0, 1])
def test_logits_are_refused_where_cosines_are_meant(side):
    positives, negatives = torch.tensor([0.8]), torch.tensor([[0.3]])
    scaled = [(positives / 0.05, negatives), (positives, negatives / 0.05)][side]
    with pytest.raises(ValueError, match="no cosine"):
        MarginMeter().add(*scaled, torch.ones(1, 1, dtype=torch.bool))


def test_a_healthy_tower_is_below_zero_against_the_nearest_16():
    # 512 queries whose positive ranks about 30th of 2,000: fine at recall 500, poor at 16.
    draws = torch.Generator().manual_seed(0)
    bank = 0.1 * torch.randn(512, 2_000, generator=draws)
    positives = bank.sort(dim=1, descending=True).values[:, 29]
    in_force, nearest = MarginMeter(), MarginMeter()
    in_force.add(positives, bank[:, :64], torch.ones(512, 64, dtype=torch.bool))
    top = bank.topk(16, dim=1).values
    nearest.add(positives, top, torch.ones(512, 16, dtype=torch.bool))
    assert nearest.result().value < 0 < 0.1 < in_force.result().value
