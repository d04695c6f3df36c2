"""A retrieval data set in memory: corpus, queries and graded judgements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint
from gonogo.core.seeds import generator


def document_text(title: str | None, text: str | None) -> str:
    """Join title and text: the one rule for BM25, embedding and reranking alike."""
    return f"{title or ''} {text or ''}".strip()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in a fixed order; ``texts[row]`` belongs to ``ids[row]``.

    Raises:
        UserError: if the two differ in length, or an id stands twice.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.texts):
            raise UserError(f"{len(self.ids)} document ids, but {len(self.texts)} texts")
        if len(set(self.ids)) < len(self.ids):
            raise UserError(f"document id {_first_repeated(self.ids)!r} stands twice")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class RetrievalDataset:
    """Queries of one split, the corpus they search, and who judged what.

    Attributes:
        name: as written in tables; may hold ``/``.
        split: ``train``, ``dev`` or ``test``.
        corpus: every document that a search sees.
        queries: text of each judged query, by id.
        qrels: grades by query id and document id; 0 means judged not relevant.
        queries_are_documents: a query may be a document under the same id (ArguAna, Quora), which
            is never a result for it.

    Raises:
        UserError: if a judgement names a query or document that is not there, a query has no
            judgement, an id holds white space, corpus or queries are empty, or a query that is a
            document answers itself.
    """

    name: str
    split: str
    corpus: Corpus
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    queries_are_documents: bool = False

    def __post_init__(self) -> None:
        for what, count in (("documents", len(self.corpus)), ("judged queries", len(self.queries))):
            if not count:
                raise UserError(f"the {self.split} split has no {what}", file=self.name)
        if self.queries.keys() != self.qrels.keys():
            odd = min(self.queries.keys() ^ self.qrels.keys())
            lacks = "no judgements" if odd in self.queries else "judgements but no text"
            raise UserError(f"query {odd!r} has {lacks}", file=self.name)
        for name in chain(self.corpus.ids, self.queries):
            if name.split() != [name]:
                message = f"the id {name!r} is not one word, as TREC runs need it"
                raise UserError(message, file=self.name, hint="rename it in corpus and judgements")
        known = set(self.corpus.ids)
        for query_id, grades in self.qrels.items():
            for document_id in grades.keys() - known:
                raise UserError(
                    f"query {query_id!r} is judged against {document_id!r}, which is no document",
                    file=self.name,
                )
            if self.queries_are_documents and grades.get(query_id, 0) > 0:
                raise UserError(
                    f"query {query_id!r} is judged relevant to itself, but a query that is a"
                    " document is never a result for itself",
                    file=self.name,
                    hint="leave queries_are_documents out",
                )

    @cached_property
    def fingerprint(self) -> str:
        """Return a hash of everything in here but the name: texts, order and judgements."""
        digest = hashlib.sha256()
        parts: Iterable[object] = chain(  # lazily: a corpus may hold millions of documents
            zip(self.corpus.ids, self.corpus.texts, strict=True),
            ["queries"],
            self.queries.items(),
            ["qrels"],
            ((query_id, sorted(grades.items())) for query_id, grades in self.qrels.items()),
        )
        for part in parts:
            digest.update(json.dumps(part).encode() + b"\n")
        return whole_fingerprint(digest.hexdigest()[:16], self.queries_are_documents)

    @cached_property
    def own_rows(self) -> dict[str, int]:
        """Return the corpus row of each query that is a document, which a search leaves out."""
        if not self.queries_are_documents:
            return {}
        ids = enumerate(self.corpus.ids)
        return {key: row for row, key in ids if key in self.queries}

    @cached_property
    def own_unsaid(self) -> int:
        """Return how many queries are, word for word, the document with their id, unsaid.

        Each finds itself first, unless ``queries_are_documents`` says so.
        """
        if self.queries_are_documents:
            return 0
        texts = zip(self.corpus.ids, self.corpus.texts, strict=True)
        return sum(self.queries.get(key, "").strip() == text.strip() != "" for key, text in texts)

    def sample_queries(self, most: int | None) -> RetrievalDataset:
        """Return this data set with at most ``most`` of its queries and the whole corpus.

        The choice depends on the query ids alone, so every arm and seed gets the same one, and
        a smaller sample is part of a larger one. The order of the queries is kept.
        """
        if most is None or most >= len(self.queries):
            return self
        ordered = sorted(self.queries)
        chosen = generator(0, "sample_queries").permutation(len(ordered))[:most]
        kept = {ordered[index] for index in chosen}
        return replace(
            self,
            queries={key: text for key, text in self.queries.items() if key in kept},
            qrels={key: grades for key, grades in self.qrels.items() if key in kept},
        )


def whole_fingerprint(content: str, queries_are_documents: bool) -> str:
    """Return the fingerprint of a data set from that of its texts and judgements."""
    return fingerprint([content, "queries are documents"]) if queries_are_documents else content


def _first_repeated(ids: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(key for key in ids if key in seen or seen.add(key))  # type: ignore[func-returns-value]
