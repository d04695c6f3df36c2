"""From what a study file names to a data set."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from gonogo.core.types import Split
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.data.sources.beir_folder import BeirSource
from gonogo.data.sources.hub import HubSource
from gonogo.data.sources.ir import IrDatasetsSource
from gonogo.data.sources.python_api import PythonApiSource
from gonogo.data.sources.source import Source
from gonogo.spec.data.text_data import BeirData, DataSpec, HubData, IrDatasetsData, PythonApiData


def open_source(spec: DataSpec, *, beside: Path | None = None) -> Source:
    """Return the object that answers for a data set; nothing is read yet.

    Args:
        spec: what the study file names.
        beside: folder of the study file, where relative data folders are looked for first.
    """
    match spec:
        case PythonApiData():
            return PythonApiSource(spec, beside)
        case BeirData():
            return BeirSource(spec, beside)
        case HubData():
            return HubSource(spec, beside)
        case IrDatasetsData():
            return IrDatasetsSource(spec, beside)
        case _:
            assert_never(spec)


def load_dataset(spec: DataSpec, split: Split, *, beside: Path | None = None) -> RetrievalDataset:
    """Load one split of a data set, see :meth:`Source.dataset`."""
    return open_source(spec, beside=beside).dataset(split)


def dataset_files(
    spec: DataSpec, split: Split, *, beside: Path | None = None, fetch: bool = True
) -> tuple[Path, Path, Path]:
    """Return the files of corpus, queries and judgements, see :meth:`Source.files`."""
    return open_source(spec, beside=beside).files(split, fetch=fetch)


def load_corpus(spec: DataSpec, *, beside: Path | None = None) -> Corpus:
    """Load the documents alone, see :meth:`Source.corpus`."""
    return open_source(spec, beside=beside).corpus()


def dataset_fingerprint(
    spec: DataSpec, split: Split, *, beside: Path | None = None, fetch: bool = True
) -> str:
    """Return the hash of a split without loading it, see :meth:`Source.fingerprint`."""
    return open_source(spec, beside=beside).fingerprint(split, fetch=fetch)


def count_queries(spec: DataSpec, split: Split, *, beside: Path | None = None) -> int:
    """Return how many queries a split judges, see :meth:`Source.count_queries`."""
    return open_source(spec, beside=beside).count_queries(split)
