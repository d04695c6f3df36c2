"""Every gate answers what is asked of it, each in its own units."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.gates.build import build_gate
from gonogo.spec.rule.gates import BandsGate, ImprovementGate, InterferenceGate

LOSS = build_gate(InterferenceGate(joint="both", specialists={"embed": "one"}))
GAIN = build_gate(ImprovementGate(task="embed", candidate="new", baseline=("old", "bm25")))
LEVEL = build_gate(
    BandsGate(
        task="embed",
        metric="nDCG@10",
        arm="new",
        bands=(
            {"name": "poor", "least": 0, "verdict": "FAIL"},
            {"name": "fair", "least": 0.4, "verdict": "PASS"},
            {"name": "good", "least": 0.5, "verdict": "PASS"},
        ),
    )
)
PAIRS = [(np.array([[0.5, 0.25]]), np.array([[0.4, 0.25]]))]


@pytest.mark.parametrize(
    ("gate", "line", "effect"),
    [
        (LOSS, "2 %", "a TIR of 1.50 %"),
        (GAIN, "2 points", "a difference of 1.50 points"),
        (LEVEL, "2 points", "a distance of 1.50 points from a band's edge"),
    ],
)
def test_figures_are_written_in_the_gates_units(gate, line, effect) -> None:
    assert gate.line_words(0.02) == line
    assert gate.effect_words(0.015) == effect


def test_the_largest_loss_decides_and_the_smallest_gain() -> None:
    assert LOSS.decides([0.1, 0.2]) == 0.2
    assert GAIN.decides([0.1, 0.2]) == 0.1


def test_bands_have_names_beside_their_words() -> None:
    assert (LEVEL.word(0.45), LEVEL.band(0.45)) == ("PASS", "fair")
    assert (LEVEL.word(0.55), LEVEL.band(0.55)) == ("PASS", "good")
    assert GAIN.word(0.005) == GAIN.band(0.005) == "MARGINAL"


def test_a_loss_is_relative_to_the_specialist_and_a_gain_is_not() -> None:
    np.testing.assert_allclose(GAIN.values(PAIRS)[0], [[-0.1, 0.0]])
    assert np.mean(LOSS.values(PAIRS)[0]) == pytest.approx((0.375 - 0.325) / 0.375)
    assert LOSS.values([(np.zeros((1, 2)), np.ones((1, 2)))]) is None


def test_no_seed_can_leave_the_bounds() -> None:
    assert LOSS.bounds == (-np.inf, 1.0)
    assert GAIN.bounds == (-1.0, 1.0)
    assert LEVEL.bounds == (0.0, 1.0)


def test_the_rule_names_the_best_of_several_baselines() -> None:
    assert "the best of old and bm25" in GAIN.rule()[0]
    assert LEVEL.rule()[1:] == [
        "poor: FAIL, from 0.",
        "fair: PASS, from 0.4.",
        "good: PASS, from 0.5.",
    ]
