"""Rankings and judgements in the forms that other tools keep them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from gonogo.api.deciding.frames import is_table, to_polars
from gonogo.core.errors import UserError
from gonogo.core.types import Qrels, Ranking
from gonogo.data.files.qrels import read_qrels
from gonogo.data.files.trec import ranked, read_run

_FORMS = "a TREC file, a dict of dicts, ranx or ir_measures objects, or a frame"
_QUERY = ("query_id", "query-id", "qid", "q_id")
_DOCUMENT = ("doc_id", "docno", "document_id", "corpus-id", "docid")
_SCORE = ("score",)
_GRADE = ("relevance", "label", "grade", "rel", "score")


def as_ranking(run: object, place: str = "runs") -> Ranking:
    """Return a ranking, best first, ties as the reader of TREC files orders them.

    Args:
        run: the path of a TREC run; query -> document -> score; query -> (document, score) pairs;
            a ranx ``Run``; ``ScoredDoc`` objects of ir_measures, such as its ``read_trec_run``
            gives; or a frame with the columns query_id, doc_id, score, or as PyTerrier names them.
        place: what to call it in errors.

    Raises:
        UserError: if it is none of these, or a document stands twice for a query.
    """
    if isinstance(run, str | Path):
        return read_run(Path(run))
    found = _nested(run, _SCORE, place)
    return {query: ranked(documents) for query, documents in found.items()}


def as_qrels(qrels: object, place: str = "qrels") -> Qrels:
    """Return judgements.

    Args:
        qrels: the path of a TREC or BEIR file; query -> document -> grade; a ranx ``Qrels``;
            ``Qrel`` objects of ir_measures; or a frame with the columns query_id, doc_id,
            relevance, or as PyTerrier names them.
        place: what to call it in errors.

    Raises:
        UserError: if it is none of these, or a grade is not a whole number.
    """
    if isinstance(qrels, str | Path):
        return read_qrels(Path(qrels))
    found = _nested(qrels, _GRADE, place)
    for query, documents in found.items():
        for document, grade in documents.items():
            if grade != int(grade):
                where = f"{place}: query {query!r}, document {document!r}"
                raise UserError(f"grade {grade} is not a whole number", place=where, value=grade)
    return {query: {d: int(g) for d, g in found.items()} for query, found in found.items()}


def is_single(data: object) -> bool:
    """Tell a ranking or judgements from a dict of several, such as one a seed or data set."""
    if not isinstance(data, Mapping) or not data or is_table(data):
        return True
    inner = next(iter(data.values()))
    if isinstance(inner, Mapping):
        return not inner or _is_number(next(iter(inner.values())))
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return not inner or (isinstance(inner[0], tuple | list) and len(inner[0]) == 2)
    return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) or hasattr(value, "__float__")


def _nested(data: Any, values: Sequence[str], place: str) -> dict[str, dict[str, float]]:
    """Return query -> document -> number from whatever holds it."""
    if isinstance(data, Mapping) and not is_table(data):
        pairs = ((query, _pairs(found)) for query, found in data.items())
        return _collected(((q, d, v) for q, found in pairs for d, v in found), place)
    if is_table(data):
        return _collected(_rows_of_table(data, values, place), place)
    if callable(getattr(data, "to_dict", None)):  # ranx
        return _nested(data.to_dict(), values, place)
    if isinstance(data, Iterable):  # ir_measures
        return _collected((_fields(one, values, place) for one in data), place)
    raise UserError(f"{type(data).__name__} holds no rankings", place=place, hint=_FORMS)


def _pairs(found: Any) -> Iterable[tuple[Any, Any]]:
    return found.items() if isinstance(found, Mapping) else found


def _rows_of_table(
    data: object, values: Sequence[str], place: str
) -> Iterable[tuple[Any, Any, Any]]:
    frame = to_polars(data, place)
    names = [_column(frame.columns, known, place) for known in (_QUERY, _DOCUMENT, values)]
    rows = frame.select(names).iter_rows()
    return cast("Iterable[tuple[Any, Any, Any]]", rows)


def _column(columns: Sequence[str], known: Sequence[str], place: str) -> str:
    for name in known:
        if name in columns:
            return name
    hint = f"found {', '.join(columns)}"
    raise UserError(f"no column {' or '.join(known)}", place=place, hint=hint)


def _fields(one: object, values: Sequence[str], place: str) -> tuple[Any, Any, Any]:
    """Return query, document and number of one of ir_measures' tuples."""
    for name in values:
        if hasattr(one, name) and hasattr(one, "query_id") and hasattr(one, "doc_id"):
            return one.query_id, one.doc_id, getattr(one, name)
    raise UserError(f"{one!r} is no scored document", place=place, value=one, hint=_FORMS)


def _collected(rows: Iterable[tuple[Any, Any, Any]], place: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for query, document, value in rows:
        documents = found.setdefault(str(query), {})
        where = f"{place}: query {query!r}"
        if str(document) in documents:
            raise UserError(f"document {document!r} stands twice", place=where, value=document)
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            what = f"{value!r} of document {document!r} is not a number"
            raise UserError(what, place=where, value=value) from error
        if number != number:
            raise UserError(f"the value of document {document!r} is NaN", place=where, value=number)
        documents[str(document)] = number
    if not found:
        raise UserError("nothing is in it", place=place)
    return found
