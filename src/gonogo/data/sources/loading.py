"""From what a study file names to a data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import assert_never

from gonogo.core.types import Split
from gonogo.data.files.places import find_folder
from gonogo.data.files.qrels import qrels_rows
from gonogo.data.judged.beir import beir_files, first_split, load_beir
from gonogo.data.judged.cached import beir_fingerprint, cached_fingerprint
from gonogo.data.judged.datasets import Corpus, RetrievalDataset, whole_fingerprint
from gonogo.data.sources.hub import hub_folder
from gonogo.data.sources.ir import ir_datasets_folder
from gonogo.data.sources.python_api import python_api_folder
from gonogo.spec.data.text_data import BeirData, DataSpec, HubData, IrDatasetsData, PythonApiData


def load_dataset(spec: DataSpec, split: Split, *, beside: Path | None = None) -> RetrievalDataset:
    """Load one split of a data set, building or fetching it if it is not cached.

    Args:
        spec: what the study file names.
        split: ``train``, ``dev`` or ``test``; a split in ``spec`` comes before it.
        beside: folder of the study file, where relative data folders are looked for first.

    Raises:
        UserError: if it cannot be found, fetched, or read.
    """
    split = spec.split or split
    dataset = load_beir(_folder(spec, split, beside), split, spec.name)
    return replace(dataset, queries_are_documents=True) if _leaves_out_own(spec) else dataset


def dataset_files(
    spec: DataSpec, split: Split, *, beside: Path | None = None, fetch: bool = True
) -> tuple[Path, Path, Path]:
    """Return the files of corpus, queries and judgements, plain or gzipped.

    Raises:
        NotHereYetError: if they would have to be fetched and ``fetch`` is off.
        UserError: as :func:`load_dataset`.
    """
    split = spec.split or split
    return beir_files(_folder(spec, split, beside, fetch), split)


def load_corpus(spec: DataSpec, *, beside: Path | None = None) -> Corpus:
    """Load the documents alone; where splits differ in them, those of the first split.

    Raises:
        UserError: as :func:`load_dataset`.
    """
    split = corpus_split(spec, beside=beside)
    return load_dataset(spec, split, beside=beside).corpus


def corpus_split(spec: DataSpec, *, beside: Path | None = None) -> Split:
    """Return the split that stands for a corpus: its own, or the first of train, dev and test."""
    if spec.split:
        return spec.split
    if isinstance(spec, BeirData):
        return first_split(find_folder(spec.folder, beside=beside))
    return "train"


def dataset_fingerprint(
    spec: DataSpec, split: Split, *, beside: Path | None = None, fetch: bool = True
) -> str:
    """Return ``load_dataset(...).fingerprint``, without loading what was loaded before.

    Raises:
        NotHereYetError: if it would have to be fetched and ``fetch`` is off.
        UserError: as :func:`load_dataset`.
    """
    split = spec.split or split
    folder = _folder(spec, split, beside, fetch)
    if isinstance(spec, BeirData):
        content = beir_fingerprint(folder, split, spec.name)
    else:
        content = cached_fingerprint(folder)
    return whole_fingerprint(content, _leaves_out_own(spec))


def count_queries(spec: DataSpec, split: Split, *, beside: Path | None = None) -> int:
    """Return how many queries a split judges, from its judgements alone; fetches nothing.

    Raises:
        NotHereYetError: if it would have to be fetched.
        UserError: as :func:`load_dataset`.
    """
    _, _, qrels = dataset_files(spec, split, beside=beside, fetch=False)
    return len({query for _, query, _, _ in qrels_rows(qrels)})


def _leaves_out_own(spec: DataSpec) -> bool:
    return not isinstance(spec, PythonApiData) and spec.queries_are_documents


def _folder(spec: DataSpec, split: Split, beside: Path | None, fetch: bool = True) -> Path:
    match spec:
        case PythonApiData():
            return python_api_folder(spec.package, split)
        case BeirData():
            return find_folder(spec.folder, beside=beside)
        case HubData():
            return hub_folder(spec, split, fetch=fetch)
        case IrDatasetsData():
            return ir_datasets_folder(spec, split, fetch=fetch)
        case _:
            assert_never(spec)
