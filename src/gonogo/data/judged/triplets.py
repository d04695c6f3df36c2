"""Rows of query, positive and negatives, as texts or as ids, gathered into one data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from gonogo.core.errors import UserError
from gonogo.core.types import Split
from gonogo.data.judged.datasets import Corpus, RetrievalDataset

_QUERY = ("query", "anchor", "question")
_POSITIVE = ("positive", "pos", "answer")
_TEXT = ("text", "passage", "query")


class Triplets:
    """Gathers triplets; equal texts become one document, whatever row they come from.

    Ids of texts are hashes of the texts, so they depend neither on row order nor on how many rows
    are read. A row's negatives are kept as judged not relevant (grade 0), unless another row
    judges the same document relevant for the same query.

    Args:
        where: named in errors.
        most: queries wanted. Texts held are bounded by it and the rows of these queries.
    """

    def __init__(self, where: str, most: int | None = None) -> None:
        self.queries: dict[str, str | None] = {}
        self.documents: dict[str, str | None] = {}
        self.by_id = False
        self._qrels: dict[str, dict[str, int]] = {}
        self._where, self._most = where, most

    def add(self, row: Mapping[str, Any]) -> bool:
        """Add one row, unless its query is one too many; tell whether it was added.

        Raises:
            UserError: if it has no columns of a known name.
        """
        query, text = self._key("q", self._find(row, _QUERY))
        if query not in self.queries and len(self.queries) == self._most:
            return False
        self.queries[query] = text
        positive = self._register(self.documents, "d", self._find(row, _POSITIVE))
        grades = self._qrels.setdefault(query, {})
        grades[positive] = 1
        for name, value in row.items():
            if name.startswith("neg") and value is not None and "score" not in name:
                values = value if isinstance(value, list) else [value]
                for one in values:
                    negative = self._register(self.documents, "d", (name, one))
                    grades.setdefault(negative, 0)
        return True

    def _find(self, row: Mapping[str, Any], stems: tuple[str, ...]) -> tuple[str, Any]:
        for stem in stems:
            for name in (stem, f"{stem}_id"):
                if row.get(name) is not None:
                    return name, row[name]
        raise UserError(
            f"no column {' or '.join(map(repr, stems))}",
            file=self._where,
            hint=f"found {', '.join(row)}; triplets need query, positive and negative",
        )

    def _register(self, table: dict[str, str | None], letter: str, cell: tuple[str, Any]) -> str:
        key, text = self._key(letter, cell)
        table[key] = text
        return key

    def _key(self, letter: str, cell: tuple[str, Any]) -> tuple[str, str | None]:
        """Return a cell's id and its text, if it holds one."""
        name, value = cell
        if name.endswith("_id") or not isinstance(value, str):
            self.by_id = True
            return str(value), None
        text = value.strip()
        return letter + hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), text

    def fill(self, table: dict[str, str | None], rows: Iterable[Mapping[str, Any]]) -> None:
        """Look up the texts of ids, reading no further than the last one that is wanted.

        Raises:
            UserError: if an id has no text.
        """
        missing = {key for key, text in table.items() if text is None}
        if not missing:
            return
        for row in rows:
            key = next((str(v) for name, v in row.items() if name.endswith("id")), "")
            if key in missing:
                missing.remove(key)
                table[key] = next((str(row[name]) for name in _TEXT if name in row), "").strip()
                if not missing:
                    return
        raise UserError(
            f"{len(missing)} ids have no text, such as {min(missing)!r}", file=self._where
        )

    def dataset(self, name: str, split: Split) -> RetrievalDataset:
        """Return what was gathered, in the order of first appearance."""
        return RetrievalDataset(
            name=name,
            split=split,
            corpus=Corpus(
                tuple(self.documents), tuple(text or "" for text in self.documents.values())
            ),
            queries={key: text or "" for key, text in self.queries.items()},
            qrels=self._qrels,
        )
