"""What a post-mortem says: thresholds, groups, and the recommendation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shipped_monitors import postmortem_spec

from gonogo.analysis.next_vector.postmortem import (
    Findings,
    GroupRecall,
    margin_word,
    rank_histogram,
    recall_by_group,
    recall_by_position,
    recommend,
)
from gonogo.spec.next_vector.postmortem import PostmortemSpec

SETTINGS = postmortem_spec()


@pytest.mark.parametrize(
    ("margin", "word"),
    [
        (-0.2, "collapsed"),
        (0.0499, "collapsed"),
        (0.05, "low"),
        (0.0999, "low"),
        (0.1, "healthy"),
        (float("nan"), "collapsed"),
    ],
)
def test_margins_have_names(margin: float, word: str) -> None:
    assert margin_word(margin, SETTINGS) == word


def test_every_target_falls_into_one_bin() -> None:
    found = rank_histogram(np.array([1, 10, 11, 100, 500, 501, 1000, 1001]))
    assert found == {"1-10": 2, "11-100": 2, "101-500": 1, "501-1000": 2, "beyond 1000": 1}


def test_the_group_that_loses_most_pairs_comes_first() -> None:
    ranks = np.array([1, 900, 900, 900, 2])
    rows = recall_by_group(ranks, np.array(["a", "a", "b", "b", "b"]), 500)
    assert [(row.group, row.pairs) for row in rows] == [("b", 3), ("a", 2)]
    assert [row.recall for row in rows] == pytest.approx([1 / 3, 1 / 2])


def test_positions_fall_into_fifths() -> None:
    rows = recall_by_position(np.array([1, 999, 1]), np.array([0.0, 0.1, 1.0]), 500)
    assert [(row.group, row.pairs, row.recall) for row in rows] == [
        ("0-20 %", 2, 0.5),
        ("80-100 %", 1, 1.0),
    ]


GOOD = {
    "margin": 0.2,
    "repeats_dropped": 0.02,
    "repeats_left": 0.02,
    "duplicate_above": 0.999,
    "alignment": 0.1,
    "bank": Path("my data/bank"),
    "fill_rates": [0.9],
    "recall": 0.8,
    "worst": GroupRecall("a", 10, 0.7),
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"margin": 0.07}, "margin is low"),
        ({"margin": 0.01}, "margin is collapsed"),
        ({"margin": 0.01}, "0.84-0.94"),
        ({"margin": 0.01}, "a temperature of 0.045"),
        ({"repeats_left": 0.021}, "lower duplicate_above from 0.999 to 0.98"),
        ({"repeats_left": 0.021, "repeats_dropped": 0.03}, "in force repeat their positive"),
        (
            {"repeats_left": 0.0, "repeats_dropped": 0.021, "duplicate_above": 0.98},
            "2.1% of the candidates for hard negatives repeat their positive, at a cosine above"
            " 0.98 (more than 2% is high): the filter drops them",
        ),
        (
            {"alignment": -0.2},
            "whiten it (gonogo data whiten 'my data/bank' --out 'my data/bank_white')",
        ),
        ({"fill_rates": [0.0, 0.1]}, "window: quantile"),
        ({"worst": GroupRecall("b", 10, 0.1)}, "b alone loses 9 targets at 500"),
    ],
)
def test_each_fault_is_named_alone(changed: dict[str, object], said: str) -> None:
    (line,) = recommend(Findings(**{**GOOD, **changed}), SETTINGS)  # type: ignore[arg-type]
    assert said in line


def test_nothing_wrong_is_said_too() -> None:
    (line,) = recommend(Findings(**GOOD), SETTINGS)  # type: ignore[arg-type]
    assert line.startswith("nothing is wrong")


def test_a_study_that_names_no_margins_hears_no_words_about_them() -> None:
    assert margin_word(0.01, PostmortemSpec()) is None
    (line,) = recommend(Findings(**{**GOOD, "margin": 0.01}), PostmortemSpec())  # type: ignore[arg-type]
    assert line.startswith("nothing is wrong")
