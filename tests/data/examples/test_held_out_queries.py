"""Held-out queries: nothing learns from them, whoever asks gets the same ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_values import write_beir

from gonogo.core.errors import UserError
from gonogo.data.examples.held_out import held_out_candidates, hold_out
from gonogo.data.judged.beir import load_beir
from gonogo.data.judged.datasets import Corpus, RetrievalDataset


def toy(count: int, texts: list[str] | None = None) -> RetrievalDataset:
    queries = {f"q{n}": f"question {n}" for n in range(count)}
    if texts:
        queries = dict(zip(queries, texts, strict=True))
    corpus = Corpus(
        tuple(f"d{n}" for n in range(count)), tuple(f"answer {n}" for n in range(count))
    )
    return RetrievalDataset(
        "toy", "train", corpus, queries, {f"q{n}": {f"d{n}": 1} for n in range(count)}
    )


@given(st.integers(1, 60), st.integers(1, 20))
def test_a_fifth_at_most_is_parted_off_and_nothing_is_lost(count: int, most: int) -> None:
    dataset = toy(count)
    rest, held = hold_out(dataset, most)
    kept = {} if held is None else held.queries
    assert {**rest.queries, **kept} == dataset.queries
    assert not rest.queries.keys() & kept.keys()
    assert len(kept) == min(most, count // 5)
    assert rest.corpus is dataset.corpus


def test_a_smaller_draw_is_part_of_a_larger_one() -> None:
    drawn = [hold_out(toy(50), most)[1] for most in (3, 9)]
    assert all(drawn)
    assert drawn[0].queries.keys() < drawn[1].queries.keys()  # type: ignore[union-attr]


def test_the_same_question_in_another_id_goes_with_it() -> None:
    texts = [f"question {n // 2}" for n in range(20)]
    rest, held = hold_out(toy(20, texts), 2)
    assert held is not None
    assert not set(rest.queries.values()) & set(held.queries.values())
    alike, none = hold_out(toy(10, ["one question"] * 10), 2)
    assert none is None
    assert len(alike.queries) == 10


def test_candidates_are_the_answers_and_bm25s_best_others(tmp_path: Path) -> None:
    pytest.importorskip("bm25s")
    dataset = load_beir(write_beir(tmp_path / "left", 0), "train", "left")
    _, held = hold_out(dataset, 4)
    assert held is not None
    found = held_out_candidates(held, 3)
    assert found.queries == held.queries
    for query, documents in found.candidates.items():
        answers = set(held.qrels[query])
        assert answers <= set(documents)
        assert len(documents) == len(set(documents)) == len(answers) + 3
    pool = {document for documents in found.candidates.values() for document in documents}
    assert set(found.documents) == pool
    for query, order in found.bm25.items():
        assert sorted(order) == sorted(pool)
        assert order[0] in held.qrels[query]  # queries share two rare words with their answer


def test_queries_without_an_answer_cannot_be_looked_at() -> None:
    dataset = toy(3)
    unanswered = RetrievalDataset(
        "toy", "train", dataset.corpus, dataset.queries, {key: {"d0": 0} for key in dataset.queries}
    )
    with pytest.raises(UserError, match="toy: no held-out query has a relevant document"):
        held_out_candidates(unanswered, 2)
