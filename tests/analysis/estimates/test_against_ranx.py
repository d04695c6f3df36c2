"""ranx computes the same per-query values and the same paired t-test."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.estimates.significance import paired_tests
from gonogo.core.seeds import generator
from gonogo.evaluation.text.metrics import per_query

MEASURES = {"nDCG@10": "ndcg@10", "RR@10": "mrr@10", "R@100": "recall@100", "AP": "map"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_values_and_student_test_equal_those_of_ranx() -> None:
    ranx = pytest.importorskip("ranx")
    draws = generator(3, "ranx")
    qrels = {f"q{q}": {f"d{d}": 1 for d in draws.choice(200, 3, replace=False)} for q in range(60)}
    rankings = []
    for _ in range(2):
        ranking = {}
        for query in qrels:
            scores = np.sort(draws.random(120))[::-1]
            documents = draws.choice(200, 120, replace=False)
            ranking[query] = [(f"d{d}", float(s)) for d, s in zip(documents, scores, strict=True)]
        rankings.append(ranking)
    runs = [ranx.Run({q: dict(r) for q, r in ranking.items()}) for ranking in rankings]
    arrays = []
    for ranking, run in zip(rankings, runs, strict=True):
        ours = per_query(ranking, qrels, tuple(MEASURES))
        ranx.evaluate(ranx.Qrels(qrels), run, list(MEASURES.values()))
        for name, theirs in MEASURES.items():
            mine = {query: value for metric, query, value in ours if metric == name}
            assert mine == pytest.approx(dict(run.scores[theirs]), abs=1e-9)
        arrays.append(np.array([[v for metric, _, v in ours if metric == "nDCG@10"]]))
    for run, name in zip(runs, "ab", strict=True):
        run.name = name
    report = ranx.compare(ranx.Qrels(qrels), runs, ["ndcg@10"], stat_test="student").to_dict()
    theirs = report["a"]["comparisons"]["b"]["ndcg@10"]
    assert paired_tests([(arrays[0], arrays[1])]).p_t == pytest.approx(theirs, abs=1e-9)
