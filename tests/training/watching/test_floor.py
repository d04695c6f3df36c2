"""When a floor speaks, what it says, and that a resume changes nothing."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped_monitors import monitor_spec

from gonogo.spec.monitors import Floor
from gonogo.training.watching.floor import FloorRule
from gonogo.training.watching.rules import Seen

HEALTHY = 0.2
MARGINS = st.one_of(st.floats(-0.2, 0.2), st.sampled_from([0.04, math.nan, math.inf, -math.inf]))


def guard_of(**rule):
    return FloorRule(monitor_spec("margin_guard", **rule))


def update(guard, epoch, margin, last=False):
    return next((said.text for said in guard.update(Seen(float(epoch), last, margin))), None)


def guarded(margins, **rule):
    """Feed (epoch, margin) pairs; return the epochs at which the guard would have stopped."""
    guard = guard_of(**rule)
    return [epoch for epoch, margin in margins if update(guard, epoch, margin) is not None]


def test_two_evaluations_in_a_row_after_epoch_10_stop_a_planted_collapse():
    collapse = [(epoch, HEALTHY if epoch < 14 else 0.039) for epoch in range(1, 31)]
    assert guarded(collapse)[0] == 15
    guard = guard_of()
    reasons = [update(guard, epoch, margin) for epoch, margin in collapse]
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
    whole, guard = guard_of(**rule), guard_of(**rule)
    for epoch, margin in pairs:
        if epoch == cut:
            state = json.loads(json.dumps(guard.state_dict(), allow_nan=False))
            guard = guard_of(**rule)
            guard.load_state_dict(state)
        expected = update(whole, epoch, margin)
        assert update(guard, epoch, margin) == expected
        last = [one for number, one in pairs[:epoch] if number > after][-patience:]
        poor = [not math.isfinite(one) or one < 0.04 - 1e-9 for one in last]
        assert (expected is not None) == (len(poor) == patience and all(poor))


def test_the_sentence_is_the_one_that_people_grep_for():
    guard = guard_of()
    update(guard, 11, 0.0312)
    assert update(guard, 12, math.nan) == (
        "the separation margin is below 0.04 in 2 evaluations in a row (0.0312 at epoch 11,"
        " not finite at epoch 12); what helped before: a tighter window for mined negatives"
        " (0.84-0.94); 8 mined negatives; a temperature of 0.045"
    )


def test_a_floor_at_the_end_judges_the_last_figure_alone():
    rule = FloorRule(monitor_spec("final_margin"))
    assert [update(rule, epoch, 0.01) for epoch in range(1, 30)] == [None] * 29
    (said,) = rule.update(Seen(30.0, True, 0.049))
    assert said.text.startswith("the separation margin is below 0.05 at the end (0.0490 at epoch")
    assert said.then == "warn"
    assert rule.update(Seen(30.0, True, 0.05)) == []


def test_any_figure_without_words_of_its_own():
    rule = FloorRule(Floor(figure="gradient_norm", least=1e-6, then="continue"))
    (said,) = rule.update(Seen(0.5, False, 0.0))
    assert said.text == "gradient_norm is below 1e-06 (0.0000 at epoch 0)"
