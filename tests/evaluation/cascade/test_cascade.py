"""The cascade: what each stage hands on, the heuristic in the tower's place, fusion and lanes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.vectors.vectors import unit_length
from gonogo.evaluation.cascade.cascade import (
    Asked,
    Cascade,
    LaneStage,
    PairStage,
    Ranker,
    VectorStage,
)
from gonogo.evaluation.cascade.cascade_report import measure
from gonogo.evaluation.cascade.lanes import LaneBlend, LaneBoost, code_numbers
from gonogo.evaluation.cascade.rank_fusion import fuse
from gonogo.evaluation.search.bank_index import BankIndex
from gonogo.evaluation.search.search import Filters, top_k

RNG = np.random.default_rng(3)
BANK = RNG.standard_normal((400, 24)).astype(np.float32)


def asked(number: int = 0, **changes: object) -> Asked:
    return Asked(BANK[number : number + 1], **changes)  # type: ignore[arg-type]


def noisy(scale: float, seed: int = 0):
    noise = np.random.default_rng(seed).standard_normal(24).astype(np.float32)
    return Ranker(lambda one: one.context[-1] + scale * noise)


def test_a_single_query_finds_what_exact_search_finds() -> None:
    index, query = BankIndex(BANK * 3.0), RNG.standard_normal(24).astype(np.float32)
    ((rows, scores),) = index.nearest([query], 40, barred=(7, 9))
    expected, exact = top_k(query[None], BANK, 40, filters=Filters(exclude=[[7, 9]]))[::-1]
    assert rows.tolist() == expected[0].tolist()
    np.testing.assert_allclose(scores, exact[0], atol=1e-5)


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (3, 31), (5, 32), (70, 33), (129, 385)])
def test_a_bank_of_any_shape_is_searched(rows: int, width: int) -> None:
    bank = np.random.default_rng(rows).standard_normal((rows, width)).astype(np.float32)
    bank[0] = 0.0
    ((found, scores),) = BankIndex(bank).nearest([bank[-1] + 0.1], rows)
    cosines = unit_length(bank) @ unit_length(bank[-1] + 0.1)
    assert sorted(found.tolist()) == list(range(rows))
    np.testing.assert_allclose(scores, cosines[found], atol=1e-6)
    assert (np.diff(scores) <= 0).all()


def test_rounded_codes_find_what_exact_products_find() -> None:
    draws = np.random.default_rng(5)
    bank = draws.standard_normal((5000, 96)).astype(np.float32)
    queries = draws.standard_normal((20, 96)).astype(np.float32)
    index, exact = BankIndex(bank), top_k(queries, bank, 50)[1]
    for query, rows in zip(queries, exact, strict=True):
        ((found, _),) = index.nearest([query], 50)
        assert len(set(found.tolist()) & set(rows.tolist())) >= 49


def test_two_queries_are_answered_as_each_alone() -> None:
    index, queries = BankIndex(BANK), [BANK[3] + BANK[4], BANK[5]]
    together = index.nearest(queries, 15)
    for query, (rows, _) in zip(queries, together, strict=True):
        assert rows.tolist() == index.nearest([query], 15)[0][0].tolist()


def test_a_bank_smaller_than_the_depth_gives_all_but_the_barred() -> None:
    ((rows, _),) = BankIndex(BANK[:5]).nearest([BANK[0]], 500, barred=(2,))
    assert sorted(rows.tolist()) == [0, 1, 3, 4]


def test_a_handicap_is_taken_off_each_row_of_its_query_alone() -> None:
    index, handicaps = BankIndex(BANK), RNG.random(400).astype(np.float32)
    both = index.nearest([BANK[0], BANK[0]], 20, handicaps=[None, handicaps])
    cosines = unit_length(BANK) @ unit_length(BANK[0])
    for (rows, scores), wanted in zip(both, (cosines, cosines - handicaps), strict=True):
        assert rows.tolist() == np.argsort(-wanted)[:20].tolist()
        np.testing.assert_allclose(scores, wanted[rows], atol=1e-6)
    stage = VectorStage(Ranker(lambda one: one.context[-1], handicaps), index)
    rows = np.arange(400)
    np.testing.assert_allclose(stage.scores(asked(), rows, cosines), cosines - handicaps, atol=1e-6)


def test_every_stage_keeps_the_best_of_what_it_was_given() -> None:
    index = BankIndex(BANK)
    stages = [
        VectorStage(noisy(0.1), index, keep=50),
        PairStage(lambda pairs: np.array([-len(t) for _, t in pairs], np.float32), TEXTS, keep=10),
    ]
    traces = Cascade(index, noisy(0.5), depth=100, stages=stages).search(asked())
    assert [len(trace.rows) for trace in traces] == [100, 50, 10]
    for before, after in pairwise(traces):
        assert set(after.rows.tolist()) <= set(before.rows.tolist())
    middle = unit_length(BANK[traces[0].rows]) @ unit_length(noisy(0.1).predict(asked()))
    assert traces[1].rows.tolist() == traces[0].rows[np.argsort(-middle)[:50]].tolist()
    lengths = sorted(len(TEXTS[row]) for row in traces[1].rows.tolist())
    assert [len(TEXTS[row]) for row in traces[2].rows.tolist()] == lengths[:10]


TEXTS = ["x" * int(length) for length in RNG.permutation(400)]


@pytest.mark.parametrize("broken", [np.full(24, np.nan, np.float32), np.zeros(24, np.float32)])
def test_the_heuristic_stands_in_for_a_tower_that_fails(broken: np.ndarray) -> None:
    index = BankIndex(BANK)
    alone = Cascade(index, noisy(0.3), depth=20).search(asked())[0]
    rescued = Cascade(index, Ranker(lambda _: broken), noisy(0.3), depth=20).search(asked())[0]
    assert rescued.rows.tolist() == alone.rows.tolist()
    nothing = Cascade(index, Ranker(lambda _: broken), depth=20).search(asked())[0]
    assert not len(nothing.rows)


def test_tower_and_heuristic_are_fused_by_rank() -> None:
    index = BankIndex(BANK)
    fused = Cascade(index, noisy(0.5), noisy(0.8, 1), depth=30).search(asked())[0]
    queries = [noisy(s, n).predict(asked()) for s, n in ((0.5, 0), (0.8, 1))]
    each = [index.nearest([query], 30)[0][0] for query in queries]
    assert fused.rows.tolist() == fuse(each, 30)[0].tolist()
    cosines = unit_length(BANK) @ unit_length(queries[0])
    np.testing.assert_allclose(fused.scores, cosines[fused.rows], atol=1e-6)


def test_lanes_change_cosines_and_not_fused_ranks() -> None:
    index, codes = BankIndex(BANK), np.random.default_rng(2).integers(0, 3, (400, 3))
    stages = [LaneStage(codes, LaneBlend(0.9), keep=400)]
    cascade = Cascade(index, noisy(0.5), noisy(0.8, 1), depth=400, stages=stages)
    found = cascade.search(asked(code=codes[0]))[-1]
    cosines = unit_length(BANK) @ unit_length(noisy(0.5).predict(asked()))
    blended = 0.9 * cosines + 0.1 * (codes == codes[0]).mean(axis=1)
    assert found.rows.tolist() == np.argsort(-blended, kind="stable").tolist()


def test_a_stage_without_an_answer_leaves_the_order() -> None:
    index = BankIndex(BANK)
    failing = PairStage(lambda pairs: np.full(len(pairs), np.nan, np.float32), TEXTS, keep=20)
    stages = [failing, LaneStage(np.zeros((400, 3)), LaneBoost(), keep=10)]  # and no code is asked
    traces = Cascade(index, noisy(0.5), noisy(0.8, 1), 30, stages).search(asked())
    for trace, kept in zip(traces[1:], (20, 10), strict=True):
        assert trace.rows.tolist() == traces[0].rows[:kept].tolist()


def test_fusion_by_hand() -> None:
    rows, scores = fuse([np.array([5, 2]), np.array([2, 9, 5])], 3)
    assert rows.tolist() == [2, 5, 9]
    assert scores.tolist() == pytest.approx([1 / 62 + 1 / 61, 1 / 61 + 1 / 63, 1 / 62])


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(8)), st.permutations(range(8)), st.permutations([0, 1]))
def test_fusion_does_not_depend_on_the_order_of_the_rankings(
    one: list[int], other: list[int], order: list[int]
) -> None:
    rankings = [np.array(one), np.array(other)]
    straight = fuse(rankings, 5)[0].tolist()
    assert fuse([rankings[at] for at in order], 5)[0].tolist() == straight
    assert fuse([rankings[0], rankings[0]], 8)[0].tolist() == one


CODES = code_numbers([("ask", "short", "law"), ("ask", "long", "law"), ("tell", "long", "art")])


def test_lanes_blend_and_boost() -> None:
    scores = np.array([0.5, 0.6, -0.2], np.float32)
    blended = LaneBlend(0.75).apply(scores, CODES, CODES[0])
    assert blended.tolist() == pytest.approx([0.625, 0.45 + 0.25 * 2 / 3, -0.15])
    boosted = LaneBoost().apply(scores, CODES, CODES[0])
    assert boosted.tolist() == pytest.approx([0.55, 0.6, -0.2])
    assert LaneBoost().apply(scores, CODES, CODES[2])[2] > scores[2]  # raised, not sunk
    stage = LaneStage(CODES, LaneBoost())
    rows = np.array([1, 0])
    given_scores = np.array([0.6, 0.5], np.float32)
    assert stage.scores(asked(), rows, given_scores) is None  # a query without a code
    changed = stage.scores(asked(code=CODES[0]), rows, given_scores)
    assert changed.tolist() == pytest.approx([0.6, 0.55])


def test_wrong_lanes_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        LaneBlend(1.2)
    with pytest.raises(ValueError, match="penalty"):
        LaneBoost(0.9)


def test_recall_and_latency_are_told_by_stage() -> None:
    index = BankIndex(BANK)
    queries = [asked(n) for n in range(30)]
    stages = [VectorStage(noisy(0.0), index, keep=5)]
    reports = measure(Cascade(index, noisy(0.0), depth=50, stages=stages), queries, range(30))
    assert [row.name for row in reports] == ["retrieval", "next_vector", "whole"]
    assert [row.recall for row in reports] == [1.0, 1.0, 1.0]
    assert [row.kept for row in reports] == [50, 5, 5]
    assert all(0 < row.p50 <= row.p95 for row in reports)
    missed = measure(Cascade(index, noisy(0.0), depth=1), queries, [399] * 30)
    assert missed[0].recall == 0.0
    with pytest.raises(ValueError, match="no queries"):
        measure(Cascade(index, noisy(0.0)), [], [])
