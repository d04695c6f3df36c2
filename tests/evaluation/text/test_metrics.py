"""Values of measures: by hand, against trec_eval's code, and unmoved by order."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.evaluation.text.metrics import per_query

DOCUMENTS = [f"d{number}" for number in range(12)]


def value(metric: str, found: list[str], grades: dict[str, int]) -> float:
    ranking = {"q": [(document, 0.0) for document in found]}
    [(_, _, number)] = per_query(ranking, {"q": grades}, [metric])
    return number


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("nDCG@2", (2 / math.log2(3)) / (2 + 1 / math.log2(3))),
        ("nDCG@10", (2 / math.log2(3) + 1 / math.log2(5)) / (2 + 1 / math.log2(3))),
        ("RR@10", 1 / 2),
        ("RR@1", 0.0),
        ("AP", (1 / 2 + 2 / 4) / 2),
        ("AP@2", (1 / 2) / 2),
        ("R@2", 1 / 2),
        ("P@4", 2 / 4),
        ("Success@1", 0.0),
        ("Success@2", 1.0),
        ("R(rel=2)@2", 1.0),
        ("Rprec", 1 / 2),
    ],
)
def test_by_hand(metric: str, expected: float) -> None:
    grades = {"a": 2, "b": 1, "c": 0}
    assert value(metric, ["x", "a", "c", "b"], grades) == pytest.approx(expected, abs=1e-12)


def test_reciprocal_rank_looks_no_deeper_than_its_cutoff() -> None:
    found = [f"x{rank}" for rank in range(10)] + ["a"]
    assert value("MRR@10", found, {"a": 1}) == 0.0
    assert value("MRR@11", found, {"a": 1}) == pytest.approx(1 / 11)


def test_the_order_of_a_ranking_decides_between_equal_scores() -> None:
    # trec_eval alone would put "z" first, whatever the ranking says.
    assert value("RR@10", ["a", "z"], {"a": 1}) == 1.0
    assert value("RR@10", ["z", "a"], {"z": 1}) == 1.0


def test_scores_too_close_for_single_precision_keep_their_order() -> None:
    ranking = {"q": [("a", 1.0 + 1e-12), ("z", 1.0)]}
    assert per_query(ranking, {"q": {"a": 1}}, ["P@1"]) == [("P@1", "q", 1.0)]


def test_every_judged_query_has_a_value() -> None:
    qrels = {"nothing retrieved": {"a": 1}, "nothing relevant": {"b": 0}, "unjudged": {}}
    ranking = {"nothing retrieved": [], "nothing relevant": [("b", 1.0)], "foreign": [("a", 1.0)]}
    rows = per_query(ranking, qrels, ["nDCG@10", "MAP"])
    assert rows == [(metric, query, 0.0) for metric in ("nDCG@10", "AP") for query in qrels]


def test_a_document_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'q' holds a document twice"):
        per_query({"q": [("a", 2.0), ("a", 1.0)]}, {"q": {"a": 1}}, ["AP"])


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(UserError, match="unknown measure"):
        per_query({}, {"q": {"a": 1}}, ["nGCD@10"])


rankings = st.dictionaries(
    st.sampled_from("pqrs"), st.lists(st.sampled_from(DOCUMENTS), unique=True, max_size=12)
)
judgements = st.dictionaries(
    st.sampled_from("pqrs"),
    st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 3), min_size=1),
    min_size=1,
)


@settings(deadline=None, max_examples=40)
@given(rankings, judgements)
def test_equals_pytrec_eval(found: dict[str, list[str]], grades: dict[str, dict[str, int]]) -> None:
    names = {"nDCG@10": "ndcg_cut_10", "AP": "map", "R@5": "recall_5", "P@5": "P_5"}
    ranking = {query: [(document, 0.0) for document in one] for query, one in found.items()}
    run = {query: {d: float(-rank) for rank, d in enumerate(one)} for query, one in found.items()}
    run = {query: one for query, one in run.items() if one}
    theirs = pytrec_eval.RelevanceEvaluator(grades, set(names.values())).evaluate(run)
    for metric, query, number in per_query(ranking, grades, list(names)):
        assert number == theirs.get(query, {}).get(names[metric], 0.0)


@settings(deadline=None, max_examples=20)
@given(rankings, judgements, st.randoms(use_true_random=False))
def test_the_order_of_queries_changes_nothing(
    found: dict[str, list[str]], grades: dict[str, dict[str, int]], random: object
) -> None:
    ranking = {query: [(document, 0.0) for document in one] for query, one in found.items()}
    shuffled = list(grades.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before = per_query(ranking, grades, ["nDCG@3", "RR@5"])
    after = per_query(dict(reversed(ranking.items())), dict(shuffled), ["nDCG@3", "RR@5"])
    assert sorted(before) == sorted(after)


def test_measures_need_no_torch() -> None:
    code = "import sys, gonogo.evaluation.text.metrics as m; m.per_query({}, {'q': {}}, ['AP'])"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "grades", [{"a": -1, "b": 1}, {"a": -2, "b": 2, "c": 0, "d": 1}, {"a": -1, "b": 1, "c": 0}]
)
@pytest.mark.parametrize(
    ("ours", "theirs"), [("bpref", "bpref"), ("infAP", "infAP"), ("AP", "map")]
)
def test_a_grade_below_zero_is_read_as_trec_eval_reads_it(
    grades: dict[str, int], ours: str, theirs: str
) -> None:
    found = ["a", "b", "c", "x"]
    run = {"q": {document: -float(rank) for rank, document in enumerate(found)}}
    peer = pytrec_eval.RelevanceEvaluator({"q": grades}, {theirs}).evaluate(run)
    assert value(ours, found, grades) == peer["q"][theirs]


@pytest.mark.parametrize("metric", ["Bpref", "nDCG@10", "AP", "Rprec"])
def test_a_query_with_no_grade_but_negative_ones_is_worth_nothing(metric: str) -> None:
    assert value(metric, ["a", "b"], {"a": -1, "b": -2}) == 0.0
