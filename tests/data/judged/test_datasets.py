from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.data.judged.datasets import Corpus, RetrievalDataset, document_text


def make(count: int = 5) -> RetrievalDataset:
    ids = tuple(f"d{i}" for i in range(count))
    return RetrievalDataset(
        name="toy/set",
        split="test",
        corpus=Corpus(ids, tuple(f"text {i}" for i in range(count))),
        queries={f"q{i}": f"query {i}" for i in range(count)},
        qrels={f"q{i}": {f"d{i}": 1, f"d{(i + 1) % count}": 0} for i in range(count)},
    )


@pytest.mark.parametrize(
    ("title", "text", "joined"),
    [("A", "b", "A b"), ("", "b", "b"), (None, " b ", "b"), ("A", None, "A"), (None, None, "")],
)
def test_one_rule_joins_title_and_text(title: str | None, text: str | None, joined: str) -> None:
    assert document_text(title, text) == joined


def test_a_document_id_that_stands_twice_is_named() -> None:
    with pytest.raises(UserError, match="'a' stands twice"):
        Corpus(("a", "b", "a"), ("1", "2", "3"))
    with pytest.raises(UserError, match="2 document ids, but 1 texts"):
        Corpus(("a", "b"), ("1",))


def test_judgements_must_name_what_is_there() -> None:
    whole = make()
    with pytest.raises(UserError, match="'nowhere', which is no document"):
        replace(whole, qrels={**whole.qrels, "q0": {"nowhere": 1}})
    with pytest.raises(UserError, match="'q9' has judgements but no text"):
        replace(whole, qrels={**whole.qrels, "q9": {"d0": 1}})
    with pytest.raises(UserError, match="'q9' has no judgements"):
        replace(whole, queries={**whole.queries, "q9": "?"})
    with pytest.raises(UserError, match="no judged queries"):
        replace(whole, queries={}, qrels={})
    with pytest.raises(UserError, match="no documents"):
        replace(whole, corpus=Corpus((), ()))


@pytest.mark.parametrize("name", ["d 0", " d0", "d0\n", "", "d\u00a00"])
def test_ids_must_be_one_word(name: str) -> None:
    whole = make()
    with pytest.raises(UserError, match="is not one word"):
        replace(whole, corpus=Corpus((name, *whole.corpus.ids), ("", *whole.corpus.texts)))
    with pytest.raises(UserError, match=r"toy/set: the id .* is not one word"):
        replace(whole, queries={name: "?"}, qrels={name: {"d0": 1}})


def test_fingerprint_sees_every_text_and_grade_but_not_the_name() -> None:
    whole = make()
    assert replace(whole, name="other").fingerprint == whole.fingerprint == make().fingerprint
    changed = [
        replace(whole, corpus=replace(whole.corpus, texts=("x", *whole.corpus.texts[1:]))),
        replace(whole, queries={**whole.queries, "q0": "x"}),
        replace(whole, qrels={**whole.qrels, "q0": {"d0": 2}}),
    ]
    assert len({whole.fingerprint, *(one.fingerprint for one in changed)}) == 4


def test_fingerprint_keeps_ids_and_texts_apart() -> None:
    one = replace(make(1), corpus=Corpus(("d0",), ("ab",)))
    two = RetrievalDataset("toy/set", "test", Corpus(("d0a",), ("b",)), one.queries, {"q0": {}})
    assert one.fingerprint != two.fingerprint


@given(st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None, max_examples=30)
def test_a_smaller_sample_is_part_of_a_larger_one(few: int, many: int) -> None:
    few, many = sorted((few, many))
    whole = make(20)
    small, large = whole.sample_queries(few), whole.sample_queries(many)
    assert len(small.queries) == min(few, 20)
    assert small.queries.keys() <= large.queries.keys()
    assert small.queries.keys() == small.qrels.keys()
    assert small.corpus == whole.corpus
    assert list(large.queries) == [key for key in whole.queries if key in large.queries]


def test_a_sample_does_not_depend_on_file_order() -> None:
    whole = make(20)
    turned = replace(whole, queries=dict(reversed(whole.queries.items())))
    assert turned.sample_queries(7).queries.keys() == whole.sample_queries(7).queries.keys()
    assert whole.sample_queries(None) is whole
