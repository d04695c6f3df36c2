"""Rankings are found once, read afterwards, and change with whatever changes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gonogo.data.examples import bm25_rankings as module
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.bm25_rankings import bm25_rankings
from gonogo.data.examples.mining import mine_negatives
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.spec.task.tasks import Bm25Negatives

pytestmark = pytest.mark.train

TEXTS = ("apple pie", "apple apple tart", "pear", "apple", "plum and apple", "", "fig pear")


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path))
    corpus = Corpus(tuple(f"d{row}" for row in range(len(TEXTS))), TEXTS)
    queries = {"q2": "apple", "q1": "pear", "q3": "the of"}
    return RetrievalDataset("fruit", "train", corpus, queries, {key: {"d3": 1} for key in queries})


@pytest.mark.parametrize("block", [1, 2, 1024])
def test_they_are_what_the_index_finds(dataset, block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", block)
    rankings = bm25_rankings(dataset, 3)
    found = Bm25Index(dataset.corpus).search(list(dataset.queries.values()), 3)
    assert [rankings.of(query) for query in dataset.queries] == found
    assert [rankings.rows_of(query) for query in dataset.queries] == [
        [row for row, _ in hits] for hits in found
    ]
    assert [len(hits) for hits in found] == [3, 2, 0]  # none of them is padded


def test_a_second_trial_neither_indexes_nor_searches(dataset, monkeypatch):
    spec = Bm25Negatives(count=2, ranks=(1, 3))
    first = mine_negatives(dataset, spec, 1)
    monkeypatch.setattr("gonogo.data.examples.bm25._build", lambda _: pytest.fail("indexed again"))
    again = replace(dataset, name="renamed")
    assert mine_negatives(dataset, spec, 1, Bm25Index(dataset.corpus)) == first
    assert bm25_rankings(again, 6).rows.tolist() == bm25_rankings(dataset, 6).rows.tolist()
    assert mine_negatives(dataset, spec, 2).counts == first.counts  # another seed, no new search


def test_other_texts_orders_and_depths_are_ranked_anew(dataset):
    before = bm25_rankings(dataset, 3)
    assert len(bm25_rankings(dataset, 1).rows_of("q2")) == 1
    changed = replace(dataset, queries={**dataset.queries, "q1": "fig"})
    assert bm25_rankings(changed, 3).rows_of("q1") == [6]
    turned = replace(dataset, queries=dict(reversed(dataset.queries.items())))
    for query in dataset.queries:
        assert bm25_rankings(turned, 3).of(query) == before.of(query)


def test_a_query_of_no_words_and_no_queries_at_all(dataset):
    assert bm25_rankings(dataset, 3).of("q3") == []
    silent = replace(dataset, queries={"q3": "the"}, qrels={"q3": {"d3": 1}})
    rankings = bm25_rankings(silent, 3)
    assert rankings.of("q3") == []
    np.testing.assert_array_equal(rankings.ends, [0])
