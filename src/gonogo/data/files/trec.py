"""Rankings in the formats of TREC and of other tools, as trec_eval reads them.

TREC: ``query Q0 document rank score tag``. A ``.tsv`` may also be MS MARCO's ``query document
rank``, or a table whose header names its columns; a ``.json`` is ``{query: {document: score}}``.
All of them may be packed (``.gz``, ``.zst``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from gonogo.core.errors import UserError
from gonogo.core.files import write_text
from gonogo.core.types import Ranking
from gonogo.data.files.headers import (
    DOCUMENT,
    QUERY,
    RANK,
    RANKED,
    SCORE,
    named_columns,
    split_columns,
)
from gonogo.data.files.lines import plain_suffix, read_lines, read_whole_json

RUN_ENDINGS = (".trec", ".txt", ".res", ".run", ".tsv", ".json")
"""Endings of runs, before how they are packed."""

_LARGEST = float(np.finfo(np.float32).max)


def is_run(path: Path) -> bool:
    """Return whether a file's name says that it may hold a run."""
    return plain_suffix(path) in RUN_ENDINGS


def read_run(path: Path) -> Ranking:
    """Read a run, plain or packed.

    As in trec_eval, the order is that of the scores in single precision, and the rank column is
    ignored; equal scores are ordered by document id, descending.

    Raises:
        UserError: naming the line, for a wrong number of columns, a score that is no number, or a
            document that stands twice for a query.
    """
    run: dict[str, dict[str, float]] = {}
    for place, query_id, document_id, score in _rows(path):
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
    return {query_id: ranked(documents) for query_id, documents in run.items()}


def ranked(documents: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return documents as trec_eval ranks them: by score in single precision, then by id.

    Both descend. Scores beyond single precision, of which trec_eval makes infinities, keep their
    order.
    """
    names = sorted(documents, reverse=True)
    return sorted(
        ((name, documents[name]) for name in names), key=lambda pair: single(pair[1]), reverse=True
    )


def single(score: float) -> float:
    """Return a score in single precision; what that cannot hold stays as it is."""
    return float(np.float32(score)) if abs(score) <= _LARGEST else score


def _rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield (place, query, document, score) of every line."""
    if plain_suffix(path) == ".json":
        yield from _json_rows(path)
        return
    table = plain_suffix(path) == ".tsv"
    places: Mapping[str, int] | None = None
    for count, (number, line) in enumerate(read_lines(path)):
        columns = line.split()
        if table and count == 0:
            columns = split_columns(line)
            places = _table_columns(columns, path)
            if places is not None and not any(map(_is_number, columns)):
                continue
        if places is None:
            yield f"line {number}", *_trec(columns, path, number)
            continue
        columns = split_columns(line)
        if len(columns) <= max(places.values()):
            message = f"expected {max(places.values()) + 1} columns, found {len(columns)}"
            raise UserError(message, file=path, place=f"line {number}")
        query, document, value = (columns[places[kind]] for kind in (QUERY, DOCUMENT, RANK))
        # a rank says how good a document is by how small it is
        yield f"line {number}", query, document, value if SCORE in places else _negated(value)


def _table_columns(columns: Sequence[str], path: Path) -> Mapping[str, int] | None:
    """Return the places of query, document and what orders them; None for TREC's own lines."""
    named = None
    if not any(map(_is_number, columns)):  # a row has its rank or score
        named = named_columns(columns, RANKED, {QUERY, DOCUMENT}, path)
    if named is not None:
        if SCORE not in named and RANK not in named:
            raise UserError("the header has neither score nor rank", file=path, place="line 1")
        return {**named, RANK: named.get(SCORE, named.get(RANK, 0))}
    if len(columns) == 3:  # MS MARCO
        return {QUERY: 0, DOCUMENT: 1, RANK: 2}
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _negated(rank: str) -> str:
    return f"-{rank}" if rank.isdecimal() else rank


def _trec(columns: Sequence[str], path: Path, number: int) -> tuple[str, str, str]:
    if len(columns) != 6:
        raise UserError(
            f"expected 6 columns (query Q0 document rank score tag), found {len(columns)}",
            file=path,
            place=f"line {number}",
        )
    query_id, _, document_id, _, score, _ = columns
    return query_id, document_id, score


def _json_rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    value = read_whole_json(path)
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise UserError("expected {query: {document: score}}", file=path)
    for query, documents in value.items():
        for document, score in documents.items():
            if isinstance(score, bool) or not isinstance(score, int | float):
                raise UserError(
                    f"score {score!r} is not a number", file=path, place=f"{query}.{document}"
                )
            yield f"{query}.{document}", query, document, repr(score)


def _score(text: str, path: Path, place: str) -> float:
    try:
        score = float(text)
    except ValueError as error:
        raise UserError(f"score {text[:40]!r} is not a number", file=path, place=place) from error
    if math.isnan(score):
        raise UserError("the score is NaN, which has no rank", file=path, place=place)
    return score


def write_run(path: Path, ranking: Ranking, tag: str) -> None:
    """Write a ranking atomically, so that every tool reads the order that it has.

    Scores are in full precision where they descend in single precision, in which trec_eval reads
    them; one that does not is lowered by as little as that takes. A query with a score beyond
    single precision gets minus the ranks.

    Raises:
        UserError: if an id or the tag is empty or holds white space, which the format cannot say.
    """
    _one_word(tag, path)
    lines: list[str] = []
    for query_id, documents in ranking.items():
        _one_word(query_id, path)
        scores = descending([score for _, score in documents])
        for rank, ((document_id, _), score) in enumerate(
            zip(documents, scores, strict=True), start=1
        ):
            _one_word(document_id, path)
            lines.append(f"{query_id} Q0 {document_id} {rank} {score!r} {tag}\n")
    write_text(path, "".join(lines))


def descending(scores: Sequence[float]) -> list[float]:
    """Return scores that strictly descend in single precision, as near to the given as may be."""
    found: list[float] = []
    above = math.inf
    for score in scores:
        value = float(score)
        if single(value) >= above:
            with np.errstate(over="ignore"):  # what leaves the range is caught below
                value = float(np.nextafter(np.float32(above), np.float32(-np.inf)))
        if not abs(value) < _LARGEST:
            return [-float(rank) for rank in range(1, len(scores) + 1)]
        found.append(value)
        above = single(value)
    return found


def _one_word(text: str, path: Path) -> None:
    if len(text.split()) != 1 or text != text.strip():
        raise UserError(f"{text!r} cannot stand in a TREC run: it must be one word", file=path)
