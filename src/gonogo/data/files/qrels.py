"""Judgements: TREC's four columns, BEIR's three, tables with a header, or JSON.

Without a header the columns are ``query iteration document grade`` or ``query document grade``;
a header is read by its names, whatever their order (ir_datasets' rows end with the iteration).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.core.types import Qrels
from gonogo.data.files.headers import (
    DOCUMENT,
    GRADE,
    JUDGED,
    QUERY,
    has_commas,
    named_columns,
    split_columns,
)
from gonogo.data.files.lines import plain_suffix, read_lines, read_whole_json

LARGEST_GRADE = 10_000
"""trec_eval keeps an array as long as the largest grade of a query."""

_WHOLE = re.compile(r"[-+]?\d+(\.0*)?")


def read_qrels(path: Path) -> Qrels:
    """Read judgements, plain or packed (``.gz``, ``.zst``).

    Negative grades are kept: -1 and -2 are trec_eval's and TREC Web's words for what is not
    relevant, and so they count.

    Raises:
        UserError: naming the line, for a wrong number of columns, a grade that is no whole number
            or beyond ``LARGEST_GRADE``, or a pair that is judged twice with different grades.
    """
    if plain_suffix(path) == ".json":
        return _read_json(path)
    qrels: dict[str, dict[str, int]] = {}
    for number, query_id, document_id, grade in qrels_rows(path):
        grades = qrels.setdefault(query_id, {})
        if grades.setdefault(document_id, grade) != grade:
            raise UserError(
                f"query {query_id!r} and document {document_id!r} are judged both"
                f" {grades[document_id]} and {grade}",
                file=path,
                place=f"line {number}",
            )
    if not qrels:
        raise UserError("no judgements", file=path)
    return qrels


def qrels_rows(path: Path) -> Iterator[tuple[int, str, str, int]]:
    """Yield (line number, query id, document id, grade) for each line of a judgement file."""
    places: dict[str, int] | None = None
    first, comma, width = True, False, 0
    for number, line in read_lines(path):
        comma = has_commas(line) if first else comma
        columns = split_columns(line, comma)
        if first:
            first = False
            if not any(map(_WHOLE.fullmatch, columns)):  # a row has its grade
                places = named_columns(columns, JUDGED, {QUERY, DOCUMENT, GRADE}, path)
            if places is not None:
                width = len(columns)
                continue
        if places is None:
            query, document, text = _unnamed(columns, path, number)
        elif len(columns) != width:
            message = f"expected the header's {width} columns, found {len(columns)}"
            raise UserError(message, file=path, place=f"line {number}")
        else:
            query, document, text = (columns[places[kind]] for kind in (QUERY, DOCUMENT, GRADE))
        yield number, query, document, _grade(text, path, f"line {number}")


def _unnamed(columns: Sequence[str], path: Path, number: int) -> Sequence[str]:
    if len(columns) == 4:
        columns = [columns[0], *columns[2:]]
    if len(columns) != 3:
        raise UserError(
            f"expected 3 (query document grade) or 4 columns, found {len(columns)}",
            file=path,
            place=f"line {number}",
        )
    return columns


def _grade(text: str, path: Path, place: str) -> int:
    """Return a grade, checked before any C code sees it."""
    if not _WHOLE.fullmatch(text):
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        raise UserError(f"grade {shown!r} is not a whole number", file=path, place=place)
    digits = text.partition(".")[0]
    if len(digits) > 12 or abs(int(digits)) > LARGEST_GRADE:
        shown = digits if len(digits) <= 40 else f"{digits[:40]}..."
        message = f"grade {shown} is beyond {LARGEST_GRADE:,}, which no scale of relevance reaches"
        raise UserError(message, file=path, place=place)
    return int(digits)


def _read_json(path: Path) -> Qrels:
    value = read_whole_json(path)
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise UserError("expected {query: {document: grade}}", file=path)
    found = {
        query: {
            document: _grade(str(grade), path, f"{query}.{document}")
            for document, grade in grades.items()
        }
        for query, grades in value.items()
    }
    if not any(found.values()):
        raise UserError("no judgements", file=path)
    return found
