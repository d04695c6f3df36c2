"""BEIR folders: corpus.jsonl, queries.jsonl, qrels/<split>.tsv, each plain or gzipped.

Layout of Thakur et al. 2021 (arXiv 2104.08663). Grade 0 is kept: judged, and not relevant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from gonogo.core.errors import UserError
from gonogo.core.files import write_lines
from gonogo.core.types import Split
from gonogo.data.files.lines import read_objects
from gonogo.data.files.qrels import qrels_rows
from gonogo.data.judged.datasets import Corpus, RetrievalDataset, document_text


def beir_files(folder: Path, split: str) -> tuple[Path, Path, Path]:
    """Return the files of corpus, queries and judgements of one split.

    Raises:
        UserError: if one is missing, with the splits that there are.
    """
    qrels = _plain_or_gz(folder / "qrels", f"{split}.tsv")
    if qrels is None:
        splits = {path.name.split(".")[0] for path in (folder / "qrels").glob("*.tsv*")}
        raise UserError(
            f"no split {split!r}",
            file=folder / "qrels",
            hint=f"splits here: {', '.join(sorted(splits)) or 'none'}",
        )
    return _needed(folder, "corpus.jsonl"), _needed(folder, "queries.jsonl"), qrels


def first_split(folder: Path) -> Split:
    """Return the first of train, dev and test that a folder has; ``train`` where it has none."""
    splits: tuple[Split, ...] = get_args(Split)
    here = (split for split in splits if _plain_or_gz(folder / "qrels", f"{split}.tsv"))
    return next(here, "train")


def _needed(folder: Path, name: str) -> Path:
    path = _plain_or_gz(folder, name)
    if path is None:
        raise UserError(f"no {name} or {name}.gz, so this is no BEIR folder", file=folder)
    return path


def _plain_or_gz(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)


def load_beir(folder: Path, split: str, name: str) -> RetrievalDataset:
    """Read one split of a BEIR folder; only the queries that the split judges are kept.

    Raises:
        UserError: naming file, line and value, for a missing file or split, a malformed line, an
            id that stands twice, a judgement of an unknown query or document, or an empty set.
    """
    corpus_file, queries_file, qrels_file = beir_files(folder, split)
    documents = dict(_texts(corpus_file, title=True))
    queries = dict(_texts(queries_file, title=False))
    qrels: dict[str, dict[str, int]] = {}
    for number, query_id, document_id, grade in qrels_rows(qrels_file):
        place = f"line {number}"
        _known("query", query_id, queries, queries_file, qrels_file, place)
        _known("document", document_id, documents, corpus_file, qrels_file, place)
        grades = qrels.setdefault(query_id, {})
        if grades.setdefault(document_id, grade) != grade:
            raise UserError(
                f"query {query_id!r} and document {document_id!r} are judged twice, as"
                f" {grades[document_id]} and {grade}",
                file=qrels_file,
                place=place,
            )
    if not qrels:
        raise UserError("no judgements", file=qrels_file)
    return RetrievalDataset(
        name=name,
        split=split,
        corpus=Corpus(tuple(documents), tuple(documents.values())),
        queries={key: text for key, text in queries.items() if key in qrels},
        qrels={key: qrels[key] for key in queries if key in qrels},
    )


def _known(what: str, key: str, known: dict[str, str], holder: Path, file: Path, at: str) -> None:
    if key not in known:
        raise UserError(f"{what} {key!r} is not in {holder.name}", file=file, place=at)


def _texts(path: Path, *, title: bool) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of corpus or queries, every id once."""
    seen: set[str] = set()
    for number, row in read_objects(path):
        place = f"line {number}"
        key = _identifier(row, path, place)
        if key in seen:
            raise UserError(f"the id {key!r} stands twice", file=path, place=place)
        seen.add(key)
        parts = [row.get("title") if title else None, row.get("text")]
        if any(not isinstance(part, str | None) for part in parts) or parts == [None, None]:
            raise UserError(f"{key!r} has no text", file=path, place=place)
        yield key, document_text(*parts)
    if not seen:
        raise UserError("the file is empty", file=path)


def _identifier(row: dict[str, Any], path: Path, place: str) -> str:
    key = row.get("_id")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not key:
        raise UserError(
            f"expected text under '_id', found {key!r}",
            file=path,
            place=place,
            hint=f"keys here: {', '.join(row)}" if key is None else None,
        )
    return key


def write_beir(dataset: RetrievalDataset, folder: Path) -> None:
    """Write a data set as a BEIR folder that reads back equal (titles are part of the text)."""
    corpus = zip(dataset.corpus.ids, dataset.corpus.texts, strict=True)
    for name, rows in (("corpus", corpus), ("queries", dataset.queries.items())):
        lines = (json.dumps({"_id": key, "text": text}, ensure_ascii=False) for key, text in rows)
        write_lines(folder / f"{name}.jsonl", lines)
    pairs = (
        f"{query_id}\t{document_id}\t{grade}"
        for query_id, grades in dataset.qrels.items()
        for document_id, grade in grades.items()
    )
    header = "query-id\tcorpus-id\tscore"
    write_lines(folder / "qrels" / f"{dataset.split}.tsv", chain([header], pairs))
