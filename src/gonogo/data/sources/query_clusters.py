"""Which queries of a data set hang together, from what its study file says of them.

Queries on one document or article share what makes them hard: n of them are less evidence than n
queries that know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import polars as pl

from gonogo.core.errors import UserError
from gonogo.core.types import Split
from gonogo.data.files.cluster_table import read_clusters
from gonogo.data.files.lines import read_objects
from gonogo.data.files.places import find_file
from gonogo.data.files.qrels import qrels_rows
from gonogo.data.sources.loading import dataset_files
from gonogo.spec.data.text_data import CLUSTER_FILES, DataSpec


def query_clusters(
    spec: DataSpec, split: Split, *, beside: Path | None = None
) -> Mapping[str, str]:
    """Return the cluster of each query that has one, by its id.

    Several relevant documents: the one with the highest grade counts, of equal ones the first by
    id, so that neither the order of lines nor that of judgements matters.

    Args:
        spec: a data set that says where its clusters come from.
        split: its judgements, unless it names a split of its own.
        beside: folder of the study file.

    Raises:
        UserError: if its files cannot be read, or no query has a cluster.
    """
    found = dict(_pairs(spec, split, beside))
    if not found:
        raise _none(spec, split, beside)
    return found


def check_clusters(spec: DataSpec, split: Split, *, beside: Path | None = None) -> None:
    """Make sure, before anything is trained, that some query has a cluster.

    Raises:
        UserError: as :func:`query_clusters`.
    """
    if next(_pairs(spec, split, beside), None) is None:
        raise _none(spec, split, beside)


def query_texts(spec: DataSpec, split: Split, *, beside: Path | None = None) -> dict[str, str]:
    """Return the texts of the queries that a split judges, by id; the corpus is not read.

    Raises:
        UserError: if the files cannot be read.
    """
    _, queries, qrels = dataset_files(spec, split, beside=beside)
    judged = {query for _, query, _, _ in qrels_rows(qrels)}
    rows = ((str(row.get("_id")), row.get("text")) for _, row in read_objects(queries))
    return {query: str(text) for query, text in rows if query in judged and text}


def _pairs(spec: DataSpec, split: Split, beside: Path | None) -> Iterator[tuple[str, str]]:
    source = spec.cluster or ""
    if source.endswith(CLUSTER_FILES):
        yield from _from_table(find_file(source, beside=beside), spec.name)
        return
    corpus, queries, qrels = dataset_files(spec, split, beside=beside)
    kind, _, key = source.partition(".")
    if kind == "metadata":
        found = _values(queries, source)
        if (first := next(found, None)) is not None:
            yield from chain([first], found)
            return
        key = source
    best = _best_documents(qrels)
    if not key:
        yield from best.items()
        return
    asked: dict[str, list[str]] = {}
    for query, document in best.items():
        asked.setdefault(document, []).append(query)
    for document, value in _values(corpus, key):
        for query in asked.get(document, ()):
            yield query, value


def _from_table(path: Path, dataset: str) -> Iterator[tuple[str, str]]:
    frame = read_clusters(path)
    if "dataset" in frame.columns:
        frame = frame.filter(pl.col("dataset") == dataset)
    yield from frame.select("query_id", "cluster").iter_rows()


def _values(path: Path, key: str) -> Iterator[tuple[str, str]]:
    """Yield the id of each line that has something under a dotted key, and what it is.

    Raises:
        UserError: if it is a list or an object, which names no cluster.
    """
    for number, row in read_objects(path):
        value: Any = row
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None or value == "":
            continue
        if not isinstance(value, str | int | float):
            message = f"{key} is a {type(value).__name__}, which names no cluster"
            raise UserError(message, file=path, place=f"line {number}")
        yield str(row.get("_id")), str(value)


def _best_documents(qrels: Path) -> Mapping[str, str]:
    best: dict[str, tuple[int, str]] = {}
    for _, query, document, grade in qrels_rows(qrels):
        if grade > 0:
            known = best.get(query)
            if known is None or (-grade, document) < (-known[0], known[1]):
                best[query] = grade, document
    return {query: document for query, (_, document) in best.items()}


def _none(spec: DataSpec, split: Split, beside: Path | None) -> UserError:
    source = spec.cluster or ""
    if source.endswith(CLUSTER_FILES):
        return UserError(f"no query of {spec.name} is in it", file=find_file(source, beside=beside))
    corpus, queries, _ = dataset_files(spec, split, beside=beside)
    asked = (queries, corpus) if source.startswith("metadata.") else (corpus,)
    hint = "; ".join(
        f"the first line of {path.name} has {', '.join(_keys(path))}" for path in asked
    )
    return UserError(
        f"no line has {source.removeprefix('document.')}", file=corpus.parent, hint=hint
    )


def _keys(path: Path) -> list[str]:
    return [name for _, row in islice(read_objects(path), 1) for name in _names(row)]


def _names(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield name
