import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonogo.spec.training import Alternating, Staged, TrainingSpec
from gonogo.training.loop.learning_rate import (
    clamped_warmup,
    constant,
    cosine,
    learning_rates,
    warmup_steps,
)
from gonogo.training.parts.schedules import plan_steps


def test_values_by_hand():
    rate = {step: cosine(step, 12, peak=1e-3, warmup=4, final=1e-4) for step in range(13)}
    assert rate[0] == pytest.approx(2.5e-4)
    assert rate[3] == rate[4] == pytest.approx(1e-3)
    assert rate[6] == pytest.approx(1e-4 + 9e-4 * (2 + math.sqrt(2)) / 4)
    assert rate[8] == pytest.approx(5.5e-4)
    assert rate[12] == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("warmup", "total", "expected"),
    [
        (0.0, 10, 0),
        (0.05, 100, 5),
        (0.05, 101, 6),  # rounded up
        (0.07, 100, 7),  # 0.07 * 100 exceeds 7 in floating point
        (0.05, 3, 1),
        (1.0, 10, 1),  # from 1 on it counts steps
        (2_000.0, 10, 10),  # never longer than the run
        (7.0, 10, 7),
    ],
)
def test_warmup_is_a_fraction_or_steps_and_fits_the_run(warmup, total, expected):
    assert warmup_steps(warmup, total) == expected


def test_a_warmup_longer_than_the_run_still_arrives_at_the_peak():
    warmup = warmup_steps(1_000.0, 8)
    assert cosine(7, 8, peak=1e-3, warmup=warmup) == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("warmup", "total", "said"),
    [
        (1_000.0, 300, "warm-up of 1,000 steps clamped to all 300"),
        (300.0, 300, ""),
        (30.0, 300, ""),
        (0.9, 1, ""),  # a fraction is never longer than the run
    ],
)
def test_a_clamped_warmup_is_told(warmup, total, said):
    assert clamped_warmup(warmup, total) == said


@given(
    total=st.integers(1, 200),
    warmup=st.floats(0, 300),
    peak=st.floats(1e-6, 1),
    share=st.floats(0, 2),
)
def test_rates_rise_to_the_peak_and_fall_to_the_floor_without_a_wasted_step(
    total, warmup, peak, share
):
    steps = warmup_steps(warmup, total)
    final = peak * share
    rates = [cosine(step, total, peak=peak, warmup=steps, final=final) for step in range(total)]
    assert all(0 < rate <= peak * (1 + 1e-9) for rate in rates)
    assert max(rates) == pytest.approx(peak)
    assert rates[:steps] == sorted(rates[:steps])
    falling = rates[steps:]
    assert all(a >= b * (1 - 1e-9) for a, b in itertools.pairwise(falling))
    assert all(rate >= min(final, peak) * (1 - 1e-9) for rate in falling)


def test_heads_follow_the_same_curve_at_their_own_peak():
    training = TrainingSpec(learning_rate=1e-4, head_learning_rate=1e-3, warmup=0.1, accumulation=1)
    steps = plan_steps(Alternating(), {"embed": 10, "rerank": 10}, training)
    for number, step in enumerate(steps):
        backbone, head = learning_rates(training, step, number, len(steps))
        assert backbone == cosine(number, 20, peak=1e-4, warmup=2)
        assert head == pytest.approx(10 * backbone)


def test_both_rates_end_at_the_final_rate():
    training = TrainingSpec(head_learning_rate=1e-3, final_learning_rate=1e-6)
    step = plan_steps(Alternating(), {"embed": 1}, training)[0]
    assert learning_rates(training, step, 50, 50) == pytest.approx((1e-6, 1e-6))


def test_a_stage_changes_the_peak_and_not_the_curve():
    training = TrainingSpec(warmup=0.0, accumulation=1)
    steps = plan_steps(Staged(), {"embed": 4, "rerank": 2}, training)
    rates = [learning_rates(training, step, n, 6)[0] for n, step in enumerate(steps)]
    curve = [cosine(n, 6, peak=1.0, warmup=0) for n in range(6)]
    peaks = [1e-4] * 2 + [5e-5] * 4
    assert rates == pytest.approx([peak * value for peak, value in zip(peaks, curve, strict=True)])


def test_a_constant_schedule_stays_at_the_peak_after_the_warmup():
    training = TrainingSpec(
        learning_rate_schedule="constant", warmup=4.0, head_learning_rate=2e-4, accumulation=1
    )
    steps = plan_steps(Alternating(), {"embed": 10}, training)
    rates = [learning_rates(training, step, n, 10) for n, step in enumerate(steps)]
    assert [backbone for backbone, _ in rates[:4]] == pytest.approx([2.5e-5, 5e-5, 7.5e-5, 1e-4])
    assert all(rate == (1e-4, 2e-4) for rate in rates[3:])
    assert constant(0, peak=1.0, warmup=0) == 1.0
