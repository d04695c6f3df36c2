"""Bounds of a difference over unjudged documents: by hand, and against all ways to judge them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.evaluation.text.metrics import per_query
from gonogo.evaluation.text.unjudged import condensed, difference_bounds


def ranked(*names: str) -> dict[str, list[tuple[str, float]]]:
    return {"q": [(name, -float(rank)) for rank, name in enumerate(names)]}


def test_by_hand() -> None:
    # both found "shared"; the candidate's two others and the reference's one are unjudged
    qrels = {"q": {"good": 1, "bad": 0}}
    old, new = ranked("good", "bad", "old", "shared"), ranked("n1", "n2", "shared", "bad")
    low, value, high = difference_bounds(old, new, qrels, "P@4")
    assert (low, value, high) == (-2 / 4, -1 / 4, 1 / 4)


def test_what_is_judged_leaves_nothing_open() -> None:
    qrels = {"q": {"a": 1, "b": 0}}
    found = difference_bounds(ranked("b", "a"), ranked("a", "b"), qrels, "RR@10")
    assert found == (0.5, 0.5, 0.5)


names = st.permutations(["a", "b", "c", "u", "v", "w"]).map(lambda order: order[:4])


@settings(max_examples=25, deadline=None)
@given(names, names)
def test_of_a_measure_that_adds_up_no_way_to_judge_lies_outside(
    one: list[str], two: list[str]
) -> None:
    judged = {"a": 1, "b": 0, "c": 1}
    old, new = ranked(*one), ranked(*two)
    low, _, high = difference_bounds(old, new, {"q": judged}, "P@3")
    reached = []
    for grades in product((0, 1), repeat=3):
        qrels = {"q": {**judged, **dict(zip("uvw", grades, strict=True))}}
        (before,), (after,) = (per_query(run, qrels, ["P@3"]) for run in (old, new))
        reached.append(after[2] - before[2])
    assert (low, high) == pytest.approx((min(reached), max(reached)))


def test_condensed_lists_hold_judged_documents_in_their_order() -> None:
    assert condensed(ranked("u", "b", "v", "a"), {"q": {"a": 1, "b": 0}}) == {
        "q": [("b", -1.0), ("a", -3.0)]
    }


@pytest.mark.parametrize("metric", ["nDCG@10", "AP", "R@3"])
def test_the_measured_difference_lies_between(metric: str) -> None:
    qrels = {"q": {"a": 2, "b": 0, "c": 1}}
    low, value, high = difference_bounds(ranked("a", "u", "c"), ranked("v", "a"), qrels, metric)
    (before,), (after,) = (
        per_query(run, qrels, [metric]) for run in (ranked("a", "u", "c"), ranked("v", "a"))
    )
    assert low <= value <= high
    assert value == pytest.approx(after[2] - before[2])
