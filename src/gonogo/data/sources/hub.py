"""Hugging Face data sets in BEIR's shape, or as triplets; converted once, then read from the cache.

Code in a repository is never run. Rows are streamed, so that ``limit`` queries cost no more than
their rows: with one negative each, about 2 KB of memory a query.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonogo.core.errors import NotHereYetError, UserError, nearest
from gonogo.core.extras import require
from gonogo.core.progress import Progress, Silent
from gonogo.core.types import Split
from gonogo.data.judged.cached import cached_split
from gonogo.data.judged.datasets import Corpus, RetrievalDataset, document_text
from gonogo.data.judged.triplets import Triplets
from gonogo.data.sources.source import Source
from gonogo.spec.data.text_data import HubData

Row = Mapping[str, Any]

_LOCAL_WAY = "or name a local BEIR folder, or python-api/stdlib, which needs no download"
_BLOCK = 10_000  # rows between two steps of a bar
_FAR = 500_000  # rows between two lines, where nobody says how many will come


@dataclass(frozen=True)
class HubSource(Source):
    """A repository of the hub."""

    spec: HubData

    def folder(self, split: Split, *, fetch: bool = True, progress: Progress | None = None) -> Path:
        """Return the cached folder of a split."""
        return hub_folder(self.spec, split, fetch=fetch, progress=progress)


def hub_folder(
    spec: HubData, split: Split, *, fetch: bool = True, progress: Progress | None = None
) -> Path:
    """Return the cached BEIR folder of one split, fetched from the hub if need be.

    Args:
        spec: what the study file names.
        split: which judgements.
        fetch: fetch what is not in the cache.
        progress: shown how far the rows are read.

    Raises:
        NotHereYetError: if it is not cached and ``fetch`` is off.
        UserError: if the ``datasets`` library or the repository cannot be reached, or the
            repository has another shape.
    """
    # how a study searches the data is no part of what is fetched
    key = {
        **spec.model_dump(mode="json", exclude={"queries_are_documents", "cluster"}),
        "split": split,
    }
    build = _triplets if spec.format == "triplets" else _beir

    def fetched() -> list[RetrievalDataset]:
        if not fetch:
            raise NotHereYetError("not fetched yet", file=f"hub:{spec.repo}")
        return [build(spec, split, progress or Silent())]

    folder = cached_split("hub", key, split, fetched)
    assert folder is not None  # noqa: S101  (the builder makes this very split)
    return folder


def rows(spec: HubData, repo: str, config: str | None, revision: str | None) -> dict[str, Any]:
    """Open a configuration of a repository: its streams of rows by the name of their split.

    Raises:
        UserError: if the library is missing, or the hub, repository or configuration.
    """
    otherwise = _LOCAL_WAY.removeprefix("or ")
    require("hub", f"hub:{spec.repo}", packages=["datasets"], otherwise=otherwise)
    import datasets

    options: dict[str, Any] = {"streaming": True, "revision": revision}
    if str(datasets.__version__).startswith("3."):
        options["trust_remote_code"] = False  # from version 4 on there is none to trust
    try:
        return dict(datasets.load_dataset(repo, config, **options))
    except Exception as error:  # whatever the hub's client raises is about the hub
        raise UserError(
            f"cannot be opened: {type(error).__name__}: {str(error).splitlines()[0][:300]}",
            file=f"hub:{repo}",
            place=f"configuration {config!r}" if config else None,
            hint=f"check the name and the network, {_LOCAL_WAY}",
        ) from error


def stream(
    splits: dict[str, Any], wanted: Iterable[str], where: str, progress: Progress
) -> Iterator[Row]:
    """Yield the rows of the first of the wanted splits that there is.

    Raises:
        UserError: if there is none, or the connection breaks.
    """
    wanted = list(wanted)
    name = next((name for name in wanted if name in splits), None)
    if name is None:
        raise UserError(f"no split {wanted[0]!r}", file=where, hint=nearest(wanted[0], splits))
    total = _size(splits[name], name)
    yield from _shown(_read(splits[name], where), f"{where}: {name}", total, progress)


def _size(split: Any, name: str) -> int | None:
    """Return how many rows a split has, where the repository's card tells it."""
    known = getattr(getattr(split, "info", None), "splits", None) or {}
    return getattr(known.get(name), "num_examples", None)


def _shown(rows: Iterator[Row], label: str, total: int | None, progress: Progress) -> Iterator[Row]:
    """Pass rows on under a bar; where their number is unknown, say how far they are read."""
    bar = progress.bar(label, total) if total else None
    try:
        for number, row in enumerate(rows, start=1):
            yield row
            if bar and number % _BLOCK == 0:
                bar.advance(_BLOCK)
            elif not bar and number % _FAR == 0:
                progress.say(f"{label}: {number:,} rows read")
    finally:
        if bar:
            bar.close()


def _read(split: Any, where: str) -> Iterator[Row]:
    source = iter(split)
    while True:
        try:
            row = next(source)
        except StopIteration:
            return
        except Exception as error:
            raise UserError(f"reading stopped: {error}", file=where, hint="try again") from error
        yield row


def column(row: Row, names: Iterable[str], where: str) -> Any:
    """Return the value of the first of some columns that a row has.

    Raises:
        UserError: if it has none of them.
    """
    names = list(names)
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise UserError(
        f"no column {' or '.join(map(repr, names))}", file=where, hint=f"found {', '.join(row)}"
    )


def split_names(split: Split) -> list[str]:
    """Return what a split may be called on the hub."""
    return ["dev", "validation"] if split == "dev" else [split]


def _beir(spec: HubData, split: Split, progress: Progress) -> RetrievalDataset:
    where = f"hub:{spec.repo}"
    qrels: dict[str, dict[str, int]] = {}
    for row in stream(_judgements(spec), split_names(split), f"{where} qrels", progress):
        query, document = (str(column(row, [name], where)) for name in ("query-id", "corpus-id"))
        qrels.setdefault(query, {})[document] = int(column(row, ["score"], where))
    queries = {key: text for key, text in _texts(spec, "queries", split, progress) if key in qrels}
    documents = dict(_texts(spec, "corpus", split, progress))
    return RetrievalDataset(
        name=spec.name,
        split=split,
        corpus=Corpus(tuple(documents), tuple(documents.values())),
        queries=queries,
        qrels=qrels,
    )


def _judgements(spec: HubData) -> dict[str, Any]:
    """Open the judgements: a repository of their own, or a configuration beside the corpus."""
    if spec.qrels_repo != spec.repo:
        return rows(spec, spec.qrels_repo or f"{spec.repo}-qrels", None, spec.qrels_revision)
    return _either(spec, spec.repo, ("default", "qrels"), spec.revision)


def _either(
    spec: HubData, repo: str, configs: tuple[str, str], revision: str | None
) -> dict[str, Any]:
    """Open the first configuration of two that a repository has."""
    try:
        return rows(spec, repo, configs[0], revision)
    except UserError:
        return rows(spec, repo, configs[1], revision)


def _texts(
    spec: HubData, config: str, split: Split, progress: Progress
) -> Iterator[tuple[str, str]]:
    where = f"hub:{spec.repo}"
    opened = rows(spec, spec.repo, config, spec.revision)
    for row in stream(opened, [config, *split_names(split), "train"], where, progress):
        key = str(column(row, ["_id", "id"], where))
        yield key, document_text(row.get("title"), column(row, ["text"], where))


def _triplets(spec: HubData, split: Split, progress: Progress) -> RetrievalDataset:
    where = f"hub:{spec.repo}"
    opened = rows(spec, spec.repo, spec.config, spec.revision)
    triplets = Triplets(where, spec.limit)
    for row in stream(opened, split_names(split), where, progress):
        if not triplets.add(row):
            break
    if triplets.by_id:
        _fill(triplets, spec, progress)
    return triplets.dataset(spec.name, split)


def _fill(triplets: Triplets, spec: HubData, progress: Progress) -> None:
    """Look up the texts of ids, in configurations as sentence-transformers names them."""
    repo = spec.texts_repo or spec.repo
    revision = None if spec.texts_repo else spec.revision
    for configs, table in (
        (("queries", "query"), triplets.queries),
        (("corpus", "passage"), triplets.documents),
    ):
        found = _either(spec, repo, configs, revision)
        triplets.fill(table, stream(found, [configs[0], "train"], f"hub:{repo}", progress))
