import json
import math

import pytest
import torch

from gonogo.objectives.margin_infonce import Negatives, margin_infonce
from gonogo.training.watching.loss_flags import LossFlags


def flagged(losses, first=1, flags=None):
    """Return the epochs at which a red flag went up."""
    flags = flags or LossFlags()
    return [
        epoch
        for epoch, loss in enumerate(map(float, losses), start=first)
        if flags.update(epoch, in_batch_loss=loss)
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
    with pytest.raises(TypeError):
        LossFlags().update(1, memory)  # which loss it is has to be said


def test_what_a_tower_that_knows_nothing_shows_is_no_flag_and_told_with_the_one_above_it():
    alike = Negatives(torch.zeros(32, 32), ~torch.eye(32, dtype=torch.bool))
    chance = margin_infonce(torch.zeros(32), [alike], temperature=0.05, margin=0.03).loss.item()
    told = math.log(32) + 0.03 / 0.05
    assert told == pytest.approx(chance, abs=0.03)
    flags = LossFlags()
    assert flagged([chance] * 30, flags=flags) == []
    [text] = [text for at in (1, 2, 3) for text in flags.update(at, in_batch_loss=6.0)]
    assert f"knows nothing shows about ln(batch size) + margin / temperature, {told:.2f}" in text
    assert "does not learn" not in text  # that starts at 4, where nothing is flagged


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_resume_changes_nothing(cut):
    losses = [6.0, 6.0, 6.0, 6.0, 1.0, 1.0]
    flags = LossFlags()
    before = flagged(losses[:cut], flags=flags)
    resumed = LossFlags()
    resumed.load_state_dict(json.loads(json.dumps(flags.state_dict())))
    after = flagged(losses[cut:], first=cut + 1, flags=resumed)
    assert before + after == flagged(losses) == [3, 5]
