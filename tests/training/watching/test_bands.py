"""Which band a figure lies in, when it is told, and in whose words."""

import json
import math

import pytest
from shipped_monitors import monitor_spec

from gonogo.spec.monitors import Bands, band_of
from gonogo.training.watching.bands import BandsRule
from gonogo.training.watching.rules import Seen

EARLY, FINAL = (moment.bands for moment in monitor_spec("recall_gates").at)


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
    assert band_of(recall / 100, EARLY).word == early
    assert band_of(recall / 100, FINAL).word == final


def gates():
    return BandsRule(monitor_spec("recall_gates"))


def words(rule, *evaluations):
    return [
        (epoch, said.facts["word"])
        for epoch, recall, last in evaluations
        for said in rule.update(Seen(float(epoch), last, recall / 100))
    ]


def test_one_early_look_and_one_at_the_end():
    curve = [(epoch, 2.0 * epoch, epoch == 30) for epoch in range(1, 31)]
    assert words(gates(), *curve) == [(10, "data volume"), (30, "success")]


def test_the_early_look_is_late_where_epoch_10_is_not_evaluated():
    assert words(gates(), (9, 20.0, False), (12, 31.0, False), (15, 36.0, True)) == [
        (12, "on track"),
        (15, "data wall"),
    ]


def test_a_run_shorter_than_10_epochs_is_judged_at_its_end_alone():
    assert words(gates(), (2, 60.0, True)) == [(2, "success")]


def test_the_line_holds_percent_the_word_and_what_to_do():
    (said,) = gates().update(Seen(10.0, False, 0.34))
    assert said.text == "Recall@500 34.0 % at epoch 10: on track; next: go on"
    assert said.facts == {"word": "on track", "recall": pytest.approx(34.0)}


@pytest.mark.parametrize("recall", [0.1, 0.32, 0.36, 0.45, 0.6])
def test_every_word_has_next_actions(recall):
    assert all(band_of(recall, bands).advice for bands in (EARLY, FINAL))


def test_the_ladder_names_its_remedies_in_full():
    told = " ".join(band.advice for band in (*EARLY, *FINAL))
    for remedy in (
        "100,000 pairs or more",
        "the tuned mean as interim stage 1",
        "late interaction or a cross-encoder",
    ):
        assert remedy in told


def test_what_is_not_finite_has_no_word():
    (said,) = gates().update(Seen(10.0, False, math.nan))
    assert said.text == "Recall@500 is not finite at epoch 10"
    assert said.facts == {}


def test_any_figure_of_several_tasks():
    bands = [{"least": 1.5, "word": "high"}, {"word": "low"}]
    spec = Bands.model_validate(
        {"figure": "next/loss", "called": "the loss", "at": [{"epoch": 2, "bands": bands}]}
    )
    (said,) = BandsRule(spec).update(Seen(2.0, False, 1.25))
    assert said.text == "the loss 1.2500 at epoch 2: low"
    assert said.facts == {"word": "low", "loss": 1.25}


def test_a_resume_does_not_look_twice():
    rule, resumed = gates(), gates()
    rule.update(Seen(10.0, False, 0.33))
    resumed.load_state_dict(json.loads(json.dumps(rule.state_dict())))
    assert words(resumed, (11, 34.0, False)) == []
