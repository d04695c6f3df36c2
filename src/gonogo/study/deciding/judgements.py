"""Where the judgements of a data set lie: files, folders, BEIR folders, ir_datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from gonogo.core.errors import UserError, nearest
from gonogo.core.types import Qrels
from gonogo.data.files.lines import PACKED
from gonogo.data.files.qrels import read_qrels
from gonogo.data.sources.loading import load_dataset
from gonogo.spec.data.text_data import IrDatasetsData

JudgedBy: TypeAlias = str | Mapping[str, str]
"""One place of judgements for all data sets, or one for each of them, by its name."""


def judgements(dataset: str, qrels: JudgedBy) -> Qrels:
    """Read the judgements of a data set.

    Args:
        dataset: as runs name it.
        qrels: a file for all data sets, a folder with ``<dataset>.qrels``, ``.tsv``, ``.txt`` or
            ``.json`` (plain or packed), a BEIR folder or a folder of them, or ``ir:`` with an
            identifier of ir_datasets; or one of these for each data set, by its name.

    Raises:
        UserError: if there are none.
    """
    if not isinstance(qrels, str):
        if dataset not in qrels:
            hint = nearest(dataset, qrels)
            raise UserError(f"no judgements for data set {dataset!r}", place="qrels", hint=hint)
        return judgements(dataset, qrels[dataset])
    if qrels.startswith("ir:"):
        return load_dataset(IrDatasetsData(dataset=qrels.removeprefix("ir:")), "test").qrels
    place = Path(qrels)
    if place.is_file():
        return read_qrels(place)
    names = [f"{dataset}{ending}" for ending in (".qrels", ".tsv", ".txt", ".json")]
    names += [f"{dataset}/qrels/test.tsv", "qrels/test.tsv"]
    for path in _packed(place, names):
        if path.is_file():
            return read_qrels(path)
    raise UserError(
        f"no judgements for data set {dataset!r}",
        file=place,
        hint=f"expected {dataset}.qrels or {dataset}.tsv there, or a BEIR folder",
    )


def _packed(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in names:
        yield from (folder / f"{name}{packed}" for packed in ("", *PACKED))
