"""Data sets of the ir_datasets package (MacAvaney et al. 2021), converted once into the cache."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonogo.core.errors import NotHereYetError, UserError
from gonogo.core.extras import require
from gonogo.core.progress import Progress
from gonogo.core.types import Split
from gonogo.data.judged.cached import cached_split
from gonogo.data.judged.datasets import Corpus, RetrievalDataset, document_text
from gonogo.data.sources.source import Source
from gonogo.spec.data.text_data import IrDatasetsData

_SPLIT_WORDS: dict[str, Split] = {
    "train": "train", "dev": "dev", "val": "dev", "validation": "dev",
    "test": "test", "eval": "test",
}  # fmt: skip


@dataclass(frozen=True)
class IrDatasetsSource(Source):
    """A data set of the package."""

    spec: IrDatasetsData

    def folder(
        self,
        split: Split,
        *,
        fetch: bool = True,
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Path:
        """Return the cached folder of a split; the package shows its own progress."""
        return ir_datasets_folder(self.spec, split, fetch=fetch)


def ir_datasets_folder(spec: IrDatasetsData, split: Split, *, fetch: bool = True) -> Path:
    """Return the cached BEIR folder of one split, fetched by ir_datasets if need be.

    Raises:
        NotHereYetError: if it is not cached and ``fetch`` is off.
        UserError: if the library is missing, the identifier is unknown, or it names another split.
    """
    # how a study searches the data is no part of what is fetched
    key = {
        **spec.model_dump(mode="json", exclude={"queries_are_documents", "cluster"}),
        "split": split,
    }

    def fetched() -> list[RetrievalDataset]:
        if not fetch:
            raise NotHereYetError("not fetched yet", file=f"ir:{spec.dataset}")
        return [_build(spec, split)]

    folder = cached_split("ir_datasets", key, split, fetched)
    assert folder is not None  # noqa: S101  (the builder makes this very split)
    return folder


def _build(spec: IrDatasetsData, split: Split) -> RetrievalDataset:
    source = _open(spec.dataset, split)
    qrels: dict[str, dict[str, int]] = {}
    for judged in source.qrels_iter():
        qrels.setdefault(str(judged.query_id), {})[str(judged.doc_id)] = int(judged.relevance)
    queries = {str(query.query_id): _text(query) for query in source.queries_iter()}
    documents = {str(document.doc_id): _text(document) for document in source.docs_iter()}
    return RetrievalDataset(
        name=spec.name,
        split=split,
        corpus=Corpus(tuple(documents), tuple(documents.values())),
        queries={key: text for key, text in queries.items() if key in qrels},
        qrels=qrels,
    )


def _open(identifier: str, split: Split) -> Any:
    otherwise = "name a local BEIR folder"
    require("hub", f"ir:{identifier}", packages=["ir-datasets"], otherwise=otherwise)
    import ir_datasets

    tried = _candidates(identifier, split)
    for candidate in tried:
        try:
            found = ir_datasets.load(candidate)
        except KeyError:
            continue
        if all(getattr(found, f"has_{part}")() for part in ("docs", "queries", "qrels")):
            return found
    raise UserError(
        f"ir_datasets knows no {' or '.join(map(repr, tried))} with documents, queries and qrels",
        hint="see https://ir-datasets.com for the identifiers",
    )


def _candidates(identifier: str, split: Split) -> list[str]:
    """Return the identifiers to try: one without a split in its name has only a test set."""
    named = {_SPLIT_WORDS[part] for part in identifier.split("/") if part in _SPLIT_WORDS}
    if named and split not in named:
        raise UserError(
            f"'ir:{identifier}' holds the {named.pop()} split, but {split} is asked for",
            hint="leave the split out of the identifier, or set split",
        )
    if named:
        return [identifier]
    below = [f"{identifier}/{word}" for word, meant in _SPLIT_WORDS.items() if meant == split]
    return [*below, identifier] if split == "test" else below


def _text(item: Any) -> str:
    """Return title and text by the one rule; other shapes say themselves what their text is."""
    fields: Iterable[str] = getattr(item, "_fields", ())
    if "text" in fields:
        return document_text(getattr(item, "title", None), item.text)
    if hasattr(item, "default_text"):
        return str(item.default_text()).strip()
    raise UserError(f"{type(item).__name__} has no text; its fields are {', '.join(fields)}")
