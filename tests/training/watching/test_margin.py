import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.training.watching.margin import MarginGuard, MarginMeter

HEALTHY = 0.2
MARGINS = st.one_of(st.floats(-0.2, 0.2), st.sampled_from([0.04, math.nan, math.inf, -math.inf]))


def guarded(margins, **rule):
    """Feed (epoch, margin) pairs; return the epochs at which the guard would have stopped."""
    guard = MarginGuard(**rule)
    return [epoch for epoch, margin in margins if guard.update(epoch, margin) is not None]


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


def test_a_healthy_tower_is_below_zero_against_the_nearest_16_and_is_not_stopped():
    # 512 queries whose positive ranks about 30th of 2,000: fine at recall 500, poor at 16.
    draws = torch.Generator().manual_seed(0)
    bank = 0.1 * torch.randn(512, 2_000, generator=draws)
    positives = bank.sort(dim=1, descending=True).values[:, 29]
    in_force, nearest = MarginMeter(), MarginMeter()
    in_force.add(positives, bank[:, :64], torch.ones(512, 64, dtype=torch.bool))
    top = bank.topk(16, dim=1).values
    nearest.add(positives, top, torch.ones(512, 16, dtype=torch.bool))
    assert nearest.result().value < 0 < 0.1 < in_force.result().value
    guard = MarginGuard()
    assert not any(guard.update(epoch, in_force.result().value) for epoch in range(1, 31))


def test_two_evaluations_in_a_row_after_epoch_10_stop_a_planted_collapse():
    collapse = [(epoch, HEALTHY if epoch < 14 else 0.039) for epoch in range(1, 31)]
    assert guarded(collapse)[0] == 15
    guard = MarginGuard()
    reasons = [guard.update(epoch, margin) for epoch, margin in collapse]
    said = next(reason for reason in reasons if reason)
    for part in ("0.04", "epoch 14", "epoch 15", "0.84-0.94", "8 mined", "0.045"):
        assert part in said


@pytest.mark.parametrize(
    ("margins", "stops"),
    [
        ([(9, 0.0), (10, 0.0), (11, 0.0)], []),  # what was before does not count
        ([(9, 0.0), (10, 0.0), (11, 0.0), (12, 0.0)], [12]),
        ([(11, 0.0), (12, 0.05), (13, 0.0), (14, 0.05)], []),  # never in a row
        ([(11, 0.04), (12, 0.04 - 1e-12)], []),  # the bound itself will do
        ([(11, 0.0399), (12, 0.0399)], [12]),
        ([(11, math.nan), (12, math.nan)], [12]),
        ([(11, math.inf), (12, -math.inf)], [12]),
        ([(11, 0.0), (15, 0.0)], [15]),  # consecutive evaluations, whatever lies between
    ],
)
def test_when_it_stops(margins, stops):
    assert guarded(margins) == stops


@settings(deadline=None, max_examples=60)
@given(
    st.lists(MARGINS, min_size=1, max_size=12),
    st.integers(0, 12),
    st.integers(1, 3),
    st.integers(0, 8),
)
def test_a_resume_changes_nothing_and_the_rule_is_the_rule(margins, cut, patience, after):
    rule = {"patience": patience, "after_epoch": after}
    pairs = list(enumerate(margins, start=1))
    whole, guard = MarginGuard(**rule), MarginGuard(**rule)
    for epoch, margin in pairs:
        if epoch == cut:
            state = json.loads(json.dumps(guard.state_dict(), allow_nan=False))
            guard = MarginGuard(**rule)
            guard.load_state_dict(state)
        expected = whole.update(epoch, margin)
        assert guard.update(epoch, margin) == expected
        last = [one for number, one in pairs[:epoch] if number > after][-patience:]
        poor = [not math.isfinite(one) or one < 0.04 - 1e-9 for one in last]
        assert (expected is not None) == (len(poor) == patience and all(poor))


def test_a_guard_without_patience_is_refused():
    with pytest.raises(ValueError, match="patience of 0"):
        MarginGuard(patience=0)
