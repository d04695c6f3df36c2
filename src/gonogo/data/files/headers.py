"""Headers of judgements and runs: which column is which, by the names that tools give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gonogo.core.errors import UserError

QUERY, DOCUMENT, GRADE, SCORE, RANK = "query", "document", "grade", "score", "rank"

_QUERY = {"queryid", "query", "qid", "topic", "topicid", "topicno", "q", "qryid"}
_DOCUMENT = {
    "corpusid", "docid", "docno", "document", "documentid", "doc", "did", "pid", "passageid",
    "itemid",
}  # fmt: skip
_GRADE = {"score", "relevance", "label", "rel", "grade", "judgment", "judgement", "relevancegrade"}
JUDGED: Mapping[str, set[str]] = {QUERY: _QUERY, DOCUMENT: _DOCUMENT, GRADE: _GRADE}
"""Columns of judgements: BEIR's, PyTerrier's, ir_datasets' and others' names."""
RANKED: Mapping[str, set[str]] = {
    QUERY: _QUERY, DOCUMENT: _DOCUMENT, SCORE: {"score", "similarity"}, RANK: {"rank"},
}  # fmt: skip
"""Columns of a run that is a table."""


def split_columns(line: str, comma: bool = False) -> list[str]:
    """Split a line at tabs, else at commas where the file has them, else at white space."""
    if "\t" in line:
        return [column.strip() for column in line.split("\t")]
    return [column.strip().strip('"') for column in line.split(",")] if comma else line.split()


def has_commas(line: str) -> bool:
    """Return whether the first line of a file says that commas part its columns."""
    return "\t" not in line and len(line.split()) == 1 and line.count(",") >= 2


def named_columns(
    columns: Sequence[str], kinds: Mapping[str, set[str]], needed: set[str], file: Path
) -> dict[str, int] | None:
    """Return where a header puts each kind of column; None where the line is no header.

    A line is a header when it names a query column and a document or value column. PyTerrier's
    frames have both ``docid``, a number of its own, and ``docno``: the latter is the id.

    Raises:
        UserError: if it is a header that lacks a needed column or names one twice.
    """
    folded = [_fold(column) for column in columns]
    if not any(name in kinds[QUERY] for name in folded):
        return None
    places = {
        kind: [place for place, name in enumerate(folded) if name in names]
        for kind, names in kinds.items()
    }
    if "docno" in folded:
        places[DOCUMENT] = [place for place, name in enumerate(folded) if name == "docno"]
    if "qid" in folded:  # beside it, "query" is the text
        places[QUERY] = [place for place, name in enumerate(folded) if name == "qid"]
    if len([kind for kind, found in places.items() if found]) < 2:
        return None
    for kind, found in places.items():
        if len(found) > 1 or (kind in needed and not found):
            what = "no column" if not found else "more than one column"
            raise UserError(
                f"the header has {what} for the {kind}: {' '.join(filter(None, columns))}",
                file=file,
                place="line 1",
                hint=f"name it {' or '.join(sorted(kinds[kind])[:4])}",
            )
    return {kind: found[0] for kind, found in places.items() if found}


def _fold(name: str) -> str:
    return name.strip().casefold().replace("-", "").replace("_", "").replace(" ", "")
