"""Training triplets with BM25 hard negatives: MS MARCO, or any set with a train split.

The result is a BEIR folder that holds the documents in use alone. Mined negatives stand in its
judgements with grade 0, as those of triplet sets do, so that a task with
``negatives: {kind: judged}`` trains on them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.core.files import (
    atomic_folder,
    fingerprint,
    read_json,
    sha256_file,
    write_json,
    write_lines,
)
from gonogo.core.progress import Progress
from gonogo.core.types import Split
from gonogo.core.version import __version__
from gonogo.data.files.manifest import MANIFEST, check_replaceable
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.loading import open_source
from gonogo.data.sources.msmarco_blocks import Drawing, Mined, mine_blocks
from gonogo.spec.data.text_data import DataSpec

KIND = "triplets"
"""What the manifest says that the folder is: banks and pairs have one of the same name."""
FILES = ("corpus.jsonl", "queries.jsonl", "qrels/train.tsv")


@dataclass(frozen=True)
class Queries:
    """Which queries negatives are mined for, and their positives."""

    spec: DataSpec
    split: Split = "train"
    most_queries: int | None = None
    """The same ones wherever it runs; all if None."""


def build_triplets(
    source: Queries, drawing: Drawing, out: Path, *, progress: Progress
) -> dict[str, Any]:
    """Mine negatives for every judged query and write the folder ``out``.

    An interrupted run continues where it stopped; a finished one with the same inputs is left as
    it is, and one with other inputs is replaced. The corpus and its index stand in memory while
    blocks are mined.

    Returns:
        The manifest.

    Raises:
        UserError: if the source cannot be had, no query has a relevant document, or ``out`` holds
            anything that an earlier run did not write.
    """
    check_replaceable(out, KIND)
    data = open_source(source.spec)
    data.folder(source.spec.split or source.split, progress=progress)  # its hash shows no bar
    content = data.fingerprint(source.split)
    inputs = {
        "source": content,
        "split": source.split,
        "most_queries": source.most_queries,
        **drawing.as_dict(),
        "gonogo": __version__,
    }
    key = fingerprint(inputs)
    manifest = _manifest(out)
    if manifest.get("key") == key:
        progress.say(f"{out}: nothing to do")
        return manifest
    _refuse_additions(out)
    parts = _parts(out, key)
    progress.say(f"{source.spec.name}: loading")
    dataset = _with_positives(data.dataset(source.split), source.most_queries)
    mined = list(mine_blocks(dataset, drawing, parts, progress))
    record = {"kind": KIND, "key": key, "name": source.spec.name, "inputs": inputs}
    with atomic_folder(out) as folder:
        _write(folder, dataset, mined)
        files = {name: sha256_file(folder / name) for name in FILES}
        write_json(folder / MANIFEST, {**record, **_counts(dataset, mined), "files": files})
        _refuse_additions(out)  # again: mining may have taken hours
    shutil.rmtree(parts)
    return _manifest(out)


def _manifest(out: Path) -> dict[str, Any]:
    return dict(read_json(out / MANIFEST)) if (out / MANIFEST).is_file() else {}


def _refuse_additions(out: Path) -> None:
    """Refuse to replace a folder to which somebody has added something."""
    known = {out / name for name in (MANIFEST, *FILES, "qrels")}
    if added := sorted(str(path.relative_to(out)) for path in {*out.rglob("*")} - known):
        raise UserError(
            f"holds {', '.join(added[:3])}, which would be lost, for its triplets are mined anew",
            file=out,
            hint="move what was added away, or name a new folder",
        )


def _parts(out: Path, key: str) -> Path:
    """Return the folder of finished blocks; those of other inputs are removed."""
    parts = out.with_name(f".{out.name}.parts")
    marker = parts / "key.json"
    if not marker.exists() or read_json(marker) != key:
        shutil.rmtree(parts, ignore_errors=True)
        write_json(marker, key)
    return parts


def _with_positives(dataset: RetrievalDataset, most: int | None) -> RetrievalDataset:
    """Keep queries that have a relevant document, at most so many, and relevant grades alone."""
    qrels = {
        query: {key: grade for key, grade in grades.items() if grade > 0}
        for query, grades in dataset.qrels.items()
    }
    qrels = {query: grades for query, grades in qrels.items() if grades}
    if not qrels:
        raise UserError(
            f"no query of the {dataset.split} split has a relevant document", file=dataset.name
        )
    return RetrievalDataset(
        name=dataset.name,
        split=dataset.split,
        corpus=dataset.corpus,
        queries={query: text for query, text in dataset.queries.items() if query in qrels},
        qrels=qrels,
        queries_are_documents=dataset.queries_are_documents,
    ).sample_queries(most)


def _counts(dataset: RetrievalDataset, mined: list[Mined]) -> dict[str, Any]:
    drawn = {name: sum(len(getattr(one, name)) for one in mined) for name in
             ("hard", "random", "filled")}  # fmt: skip
    return {
        "queries": len(dataset.queries),
        "positives": sum(len(grades) for grades in dataset.qrels.values()),
        "corpus_searched": len(dataset.corpus),
        "negatives": drawn,
    }


def _write(folder: Path, dataset: RetrievalDataset, mined: list[Mined]) -> None:
    """Write a BEIR folder of the documents that are a positive or a negative."""
    used = {document for grades in dataset.qrels.values() for document in grades}
    used.update(document for one in mined for document in one.all)
    corpus = zip(dataset.corpus.ids, dataset.corpus.texts, strict=True)
    write_lines(folder / "corpus.jsonl", _objects(pair for pair in corpus if pair[0] in used))
    write_lines(folder / "queries.jsonl", _objects(sorted(dataset.queries.items())))
    write_lines(folder / "qrels" / "train.tsv", _judgements(dataset, mined))


def _objects(pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (json.dumps({"_id": key, "text": text}, ensure_ascii=False) for key, text in pairs)


def _judgements(dataset: RetrievalDataset, mined: list[Mined]) -> Iterable[str]:
    yield "query-id\tcorpus-id\tscore"
    for one in mined:
        for document, grade in dataset.qrels[one.query].items():
            yield f"{one.query}\t{document}\t{grade}"
        for document in one.all:
            yield f"{one.query}\t{document}\t0"
