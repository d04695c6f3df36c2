"""Rankings and judgements in the TREC formats, as trec_eval reads them.

Run: ``query Q0 document rank score tag``. Qrels: ``query iteration document grade``, or BEIR's
three tab-separated columns with or without their header.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.core.files import write_text
from gonogo.core.types import Qrels, Ranking
from gonogo.data.files.lines import read_lines

_HEADERS = {"query-id", "query_id", "query", "qid"}


def read_run(path: Path) -> Ranking:
    """Read a run, plain or gzipped.

    As in trec_eval, the order is that of the scores and the rank column is ignored; equal scores
    are ordered by document id, ascending.

    Raises:
        UserError: naming the line, for a wrong number of columns, a score that is no number, or a
            document that stands twice for a query.
    """
    run: dict[str, dict[str, float]] = {}
    for number, line in read_lines(path):
        place = f"line {number}"
        columns = line.split()
        if len(columns) != 6:
            raise UserError(
                f"expected 6 columns (query Q0 document rank score tag), found {len(columns)}",
                file=path,
                place=place,
            )
        query_id, _, document_id, _, score, _ = columns
        documents = run.setdefault(query_id, {})
        if document_id in documents:
            raise UserError(
                f"document {document_id!r} stands twice for query {query_id!r}",
                file=path,
                place=place,
            )
        documents[document_id] = _score(score, path, place)
    if not run:
        raise UserError("the run is empty", file=path)
    return {
        query_id: sorted(documents.items(), key=lambda pair: (-pair[1], pair[0]))
        for query_id, documents in run.items()
    }


def _score(text: str, path: Path, place: str) -> float:
    try:
        score = float(text)
    except ValueError as error:
        raise UserError(f"score {text!r} is not a number", file=path, place=place) from error
    if math.isnan(score):
        raise UserError("the score is NaN, which has no rank", file=path, place=place)
    return score


def write_run(path: Path, ranking: Ranking, tag: str) -> None:
    """Write a ranking atomically, scores in full precision so that it reads back equal.

    Raises:
        UserError: if an id or the tag is empty or holds white space, which the format cannot say.
    """
    _one_word(tag, path)
    lines: list[str] = []
    for query_id, documents in ranking.items():
        _one_word(query_id, path)
        for rank, (document_id, score) in enumerate(documents, start=1):
            _one_word(document_id, path)
            lines.append(f"{query_id} Q0 {document_id} {rank} {float(score)!r} {tag}\n")
    write_text(path, "".join(lines))


def _one_word(text: str, path: Path) -> None:
    if len(text.split()) != 1 or text != text.strip():
        raise UserError(f"{text!r} cannot stand in a TREC run: it must be one word", file=path)


def read_qrels(path: Path) -> Qrels:
    """Read judgements in TREC's four columns or BEIR's three, plain or gzipped.

    Raises:
        UserError: naming the line, for a wrong number of columns, a grade that is not a whole
            number, or a pair that is judged twice with different grades.
    """
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
    first = True
    for number, line in read_lines(path):
        columns = line.split("\t") if "\t" in line else line.split()
        columns = [column.strip() for column in columns]
        header, first = first and columns[0].lower() in _HEADERS, False
        if header and not _is_whole(columns[-1]):
            continue
        if len(columns) == 4:
            columns = [columns[0], *columns[2:]]
        if len(columns) != 3:
            raise UserError(
                f"expected 3 (query document grade) or 4 columns, found {len(columns)}",
                file=path,
                place=f"line {number}",
            )
        if not _is_whole(columns[2]):
            raise UserError(
                f"grade {columns[2]!r} is not a whole number", file=path, place=f"line {number}"
            )
        yield number, columns[0], columns[1], int(columns[2])


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
