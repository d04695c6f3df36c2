import json

import pytest

from gonogo.training.watching.recall_gates import RecallGates, judge_early, judge_final


@pytest.mark.parametrize(
    ("recall", "early", "final"),
    [
        (0.0, "data volume", "data wall"),
        (29.99, "data volume", "data wall"),
        (30.0 - 1e-12, "on track", "data wall"),
        (30.0, "on track", "data wall"),
        (34.99, "on track", "data wall"),
        (35.0, "target", "data wall"),
        (39.99, "target", "data wall"),
        (40.0, "target", "partial"),
        (54.99, "target", "partial"),
        (55.0 - 1e-12, "target", "success"),
        (55.0, "target", "success"),
        (100.0, "target", "success"),
    ],
)
def test_words(recall, early, final):
    assert judge_early(recall) == early
    assert judge_final(recall) == final


@pytest.mark.parametrize("recall", [float("nan"), -0.1, 100.1])
def test_what_is_no_percentage_is_refused(recall):
    with pytest.raises(ValueError, match="not a percentage"):
        RecallGates().update(30, recall)
    with pytest.raises(ValueError, match="not a percentage"):
        judge_final(recall)


def words(gates, *evaluations):
    return [
        (judgement.epoch, judgement.word)
        for epoch, recall, last in evaluations
        for judgement in gates.update(epoch, recall, last=last)
    ]


def test_one_early_look_and_one_at_the_end():
    curve = [(epoch, 2.0 * epoch, epoch == 30) for epoch in range(1, 31)]
    assert words(RecallGates(), *curve) == [(10, "data volume"), (30, "success")]


def test_the_early_look_is_late_where_epoch_10_is_not_evaluated():
    assert words(RecallGates(), (9, 20.0, False), (12, 31.0, False), (15, 36.0, True)) == [
        (12, "on track"),
        (15, "data wall"),
    ]


def test_a_run_shorter_than_10_epochs_is_judged_at_its_end_alone():
    assert words(RecallGates(), (2, 60.0, True)) == [(2, "success")]


def test_every_word_has_next_actions():
    for recall in (10.0, 32.0, 36.0, 45.0, 60.0):
        for judgement in RecallGates().update(10, recall, last=True):
            assert judgement.actions


def test_a_resume_does_not_look_twice():
    gates, resumed = RecallGates(), RecallGates()
    gates.update(10, 33.0)
    resumed.load_state_dict(json.loads(json.dumps(gates.state_dict())))
    assert words(resumed, (11, 34.0, False)) == []
