"""When a flag goes up, when it is told again, and that a resume changes nothing."""

import json
import math

import pytest
import torch
from shipped_monitors import monitor_spec

from gonogo.objectives.margin_infonce import Negatives, margin_infonce
from gonogo.spec.monitors import Range
from gonogo.training.watching.ranges import RangeRule
from gonogo.training.watching.rules import Seen


def flags_of():
    return RangeRule(monitor_spec("loss_flags"))


def texts(flags, epoch, loss):
    return [said.text for said in flags.update(Seen(float(epoch), False, loss))]


def flagged(losses, first=1, flags=None):
    """Return the epochs at which a red flag went up."""
    flags = flags or flags_of()
    return [
        epoch
        for epoch, loss in enumerate(map(float, losses), start=first)
        if texts(flags, epoch, loss)
    ]


def test_high_is_a_flag_only_when_it_persists():
    assert flagged([6, 6, 4, 6, 6, 5, 6, 6]) == []  # never three in a row; 5 itself is not above
    assert flagged([6, 6, 6, 6, 4]) == [3]


def test_a_flag_is_told_again_only_after_it_was_down():
    assert flagged([1.9, 1.9, 2.1, 1.9, 1.9]) == [1, 4]
    assert flagged([6, 6, 6, 6, 4, 6, 6, 6]) == [3, 8]


def test_low_is_a_flag_only_before_epoch_20():
    assert flagged([1.9, 2.0, 1.9], first=18) == [18]
    assert flagged([1.9], first=19) == [19]
    assert flagged([0.1], first=20) == []


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_what_is_not_finite_is_a_flag_at_once(loss):
    assert flagged([3.0, loss]) == [2]


def test_only_the_in_batch_loss_fits_the_bounds():
    # Chance level: ln 32 over the batch is no flag, ln 50,032 over the memory would always be one.
    in_batch, memory = math.log(32), math.log(32 + 50_000)
    assert memory - in_batch == pytest.approx(math.log(50_000 / 32), abs=1e-3)
    assert flagged([in_batch] * 30) == []
    assert flagged([memory] * 30) == [3]
    assert monitor_spec("loss_flags").figure == "in_batch_loss"


def test_what_a_tower_that_knows_nothing_shows_is_no_flag_and_told_with_the_one_above_it():
    alike = Negatives(torch.zeros(32, 32), ~torch.eye(32, dtype=torch.bool))
    chance = margin_infonce(torch.zeros(32), [alike], temperature=0.05, margin=0.03).loss.item()
    told = math.log(32) + 0.03 / 0.05
    assert told == pytest.approx(chance, abs=0.03)
    flags = flags_of()
    assert flagged([chance] * 30, flags=flags) == []
    [text] = [text for at in (1, 2, 3) for text in texts(flags, at, 6.0)]
    assert f"knows nothing shows about ln(batch size) + margin / temperature, {told:.2f}" in text
    assert "does not learn" not in text  # that starts at 4, where nothing is flagged


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_resume_changes_nothing(cut):
    losses = [6.0, 6.0, 6.0, 6.0, 1.0, 1.0]
    flags = flags_of()
    before = flagged(losses[:cut], flags=flags)
    resumed = flags_of()
    resumed.load_state_dict(json.loads(json.dumps(flags.state_dict())))
    after = flagged(losses[cut:], first=cut + 1, flags=resumed)
    assert before + after == flagged(losses) == [3, 5]


def test_the_sentences():
    flags = flags_of()
    assert texts(flags, 1, 1.9) == [
        "the in-batch loss is 1.900 at epoch 1, below 2 before epoch 20: look for leaked or trivial"
        " pairs"
    ]
    (high,) = [text for epoch in (2, 3, 4) for text in texts(flags, epoch, 6.0)]
    said = "the in-batch loss is 6.000 at epoch 4, above 5 in 3 evaluations in a row: a tower that"
    assert high.startswith(said)


def test_epochs_up_to_the_first_that_counts_are_no_streak():
    high = {"bound": 1.0, "patience": 2, "after_epoch": 2}
    rule = RangeRule(Range.model_validate({"figure": "gradient_norm", "high": high}))
    assert [bool(texts(rule, epoch, 3.0)) for epoch in (1, 2, 3, 4)] == [False, False, False, True]
