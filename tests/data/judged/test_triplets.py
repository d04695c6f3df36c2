"""Rows of triplets as one data set, whatever names and shapes their columns have."""

from __future__ import annotations

from typing import Any

import pytest

from gonogo.core.errors import UserError
from gonogo.data.judged.triplets import Triplets


def gathered(rows: list[dict[str, Any]], most: int | None = None) -> Triplets:
    found = Triplets("somewhere", most)
    for row in rows:
        found.add(row)
    return found


def test_equal_texts_are_one_document_and_negatives_have_grade_0() -> None:
    dataset = gathered(
        [
            {"query": "one", "positive": " a ", "negative": "b"},
            {"anchor": "two", "pos": "b", "neg_1": ["a", "c"], "negative_score": 0.3},
        ]
    ).dataset("d", "train")
    texts = dict(zip(dataset.corpus.ids, dataset.corpus.texts, strict=True))
    named = {
        dataset.queries[query]: {texts[key]: grade for key, grade in grades.items()}
        for query, grades in dataset.qrels.items()
    }
    assert named == {"one": {"a": 1, "b": 0}, "two": {"b": 1, "a": 0, "c": 0}}
    assert (dataset.name, dataset.split) == ("d", "train")


def test_ids_do_not_depend_on_the_order_of_rows() -> None:
    rows = [{"query": q, "positive": p, "negative": n} for q, p, n in ("abc", "bca", "cab")]
    one, other = (gathered(each).dataset("d", "train") for each in (rows, rows[::-1]))
    assert set(one.corpus.ids) == set(other.corpus.ids)
    assert one.qrels == other.qrels


def test_a_positive_of_one_row_is_no_negative_of_another() -> None:
    first = {"query": "q", "positive": "p", "negative": "n"}
    for rows in ([first, {**first, "positive": "n"}], [{**first, "positive": "n"}, first]):
        [grades] = gathered(rows).dataset("d", "train").qrels.values()
        assert set(grades.values()) == {1}


def test_reading_ends_at_the_first_query_too_many() -> None:
    found = Triplets("somewhere", most=1)
    assert found.add({"query": "one", "positive": "a"})
    assert not found.add({"query": "two", "positive": "b"})
    assert found.add({"query": "one", "positive": "c"})  # more of a query that is in
    assert len(found.queries) == 1
    assert set(found.documents.values()) == {"a", "c"}


def test_texts_of_ids_are_looked_up_and_reading_stops_there() -> None:
    found = gathered([{"query_id": 7, "positive_id": "d1", "negative_ids": None, "neg": [3]}])
    assert found.by_id
    assert found.queries == {"7": None}
    found.fill(found.queries, [{"qid": 7, "query": " what "}])

    def rows() -> Any:
        yield {"doc_id": "other", "text": "x"}
        yield {"doc_id": "d1", "passage": "first"}
        yield {"doc_id": 3, "text": "third "}
        raise AssertionError("read beyond the last one that is wanted")

    found.fill(found.documents, rows())
    dataset = found.dataset("d", "test")
    assert dataset.queries == {"7": "what"}
    assert dict(zip(dataset.corpus.ids, dataset.corpus.texts, strict=True)) == {
        "d1": "first",
        "3": "third",
    }


def test_an_id_without_a_text_is_named() -> None:
    found = gathered([{"query": "q", "positive_id": "d9"}, {"query": "q", "positive_id": "d2"}])
    with pytest.raises(UserError, match="2 ids have no text, such as 'd2'") as told:
        found.fill(found.documents, [])
    assert told.value.file == "somewhere"


@pytest.mark.parametrize("row", [{"query": "q", "doc": "p"}, {"text": "q", "positive": "p"}])
def test_columns_of_no_known_name_are_told(row: dict[str, str]) -> None:
    with pytest.raises(UserError, match="no column") as told:
        gathered([row])
    assert all(name in str(told.value.hint) for name in row)
