"""BM25 candidates: searched once, then read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.evaluation.text.candidates import as_ranking, bm25_candidates


def test_candidates_are_bm25s_best(dataset: RetrievalDataset) -> None:
    found = bm25_candidates(dataset, 3)
    expected = Bm25Index(dataset.corpus).search(list(dataset.queries.values()), 3)
    assert list(found) == list(dataset.queries)
    assert list(found.values()) == expected
    assert found["q2"]
    assert found["q3"] == []  # stop words alone: no padding rows


def test_a_data_set_is_searched_once(
    dataset: RetrievalDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bm25_candidates(dataset, 3)
    monkeypatch.setattr(Bm25Index, "search", lambda *_: pytest.fail("searched again"))
    assert bm25_candidates(replace(dataset, name="renamed"), 3) == first


def test_other_depths_and_texts_are_other_candidates(dataset: RetrievalDataset) -> None:
    assert len(bm25_candidates(dataset, 1)["q1"]) == 1
    assert len(bm25_candidates(dataset, 2)["q1"]) == 2
    changed = replace(dataset, queries={**dataset.queries, "q1": "file"})
    assert bm25_candidates(changed, 2)["q1"] != bm25_candidates(dataset, 2)["q1"]


def test_a_query_that_is_a_document_is_not_its_own_candidate(dataset: RetrievalDataset) -> None:
    names = ("d1", "q9", "d3")  # q9 answers none but itself; d1 and d3 come after it
    texts = ("read a file", "read a file line by line", "read on")
    plain = replace(
        dataset,
        corpus=Corpus(names, texts),
        queries={"q9": texts[1], "q2": "read a file line by line"},
        qrels={"q9": {"d1": 1}, "q2": {"q9": 1}},
    )
    left_out = replace(plain, queries_are_documents=True)
    assert [row for row, _ in bm25_candidates(plain, 2)["q9"]] == [1, 0]
    assert [row for row, _ in bm25_candidates(left_out, 2)["q9"]] == [0, 2]
    assert bm25_candidates(left_out, 2)["q2"] == bm25_candidates(plain, 2)["q2"]
    assert len(bm25_candidates(left_out, 1)["q9"]) == 1


def test_rankings_name_documents(dataset: RetrievalDataset) -> None:
    assert as_ranking({"q1": [(5, 2.0), (0, 1.0)]}, dataset) == {"q1": [("d5", 2.0), ("d0", 1.0)]}
