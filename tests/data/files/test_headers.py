"""Which column is which, by the names that tools give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.headers import (
    DOCUMENT,
    GRADE,
    JUDGED,
    QUERY,
    RANK,
    RANKED,
    SCORE,
    has_commas,
    named_columns,
    split_columns,
)

FILE = Path("some.tsv")


def test_a_line_is_split_at_tabs_then_commas_then_white_space() -> None:
    assert split_columns("a b\t c ,d\te", comma=True) == ["a b", "c ,d", "e"]
    assert split_columns('"a", b ,"c"', comma=True) == ["a", "b", "c"]
    assert split_columns("a,  b c") == ["a,", "b", "c"]


@pytest.mark.parametrize(
    ("line", "told"),
    [("a,b,c", True), ("a,b", False), ("a, b,c", False), ("a\tb,c,d", False), ("abc", False)],
)
def test_commas_part_columns_where_nothing_else_does(line: str, told: bool) -> None:
    assert has_commas(line) is told


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("query-id corpus-id score", {QUERY: 0, DOCUMENT: 1, GRADE: 2}),
        ("Relevance QID DocNo", {QUERY: 1, DOCUMENT: 2, GRADE: 0}),
        ("qid query docid docno label", {QUERY: 0, DOCUMENT: 3, GRADE: 4}),
    ],
)
def test_judgements_are_found_by_name(header: str, wanted: dict[str, int]) -> None:
    assert named_columns(header.split(), JUDGED, {QUERY, DOCUMENT, GRADE}, FILE) == wanted


def test_a_run_may_lack_what_is_not_needed() -> None:
    wanted = {QUERY: 0, DOCUMENT: 1, RANK: 2}
    assert named_columns(["qid", "docno", "rank"], RANKED, {QUERY, DOCUMENT}, FILE) == wanted
    assert SCORE not in wanted


@pytest.mark.parametrize("line", ["q1 d1 1", "score rank", "query what is it", "1 0 query"])
def test_a_line_of_values_is_no_header(line: str) -> None:
    assert named_columns(line.split(), JUDGED, {QUERY, DOCUMENT}, FILE) is None


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("qid score", "no column for the document"),
        ("qid docid did score", "more than one column for the document"),
        ("qid docno score label", "more than one column for the grade"),
    ],
)
def test_a_header_that_lacks_a_column_or_has_two_is_refused(header: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        named_columns(header.split(), JUDGED, {QUERY, DOCUMENT}, FILE)
    assert (caught.value.file, caught.value.place) == (FILE, "line 1")
    assert "name it " in str(caught.value.hint)
