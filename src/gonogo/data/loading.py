"""From what a study file names to a data set."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from gonogo.core.types import Split
from gonogo.data.beir import find_folder, load_beir
from gonogo.data.cached import beir_fingerprint, cached_fingerprint
from gonogo.data.datasets import RetrievalDataset
from gonogo.data.hub import hub_folder
from gonogo.data.ir import ir_datasets_folder
from gonogo.data.python_api import python_api_folder
from gonogo.spec.data import BeirData, DataSpec, HubData, IrDatasetsData, PythonApiData


def load_dataset(spec: DataSpec, split: Split, *, beside: Path | None = None) -> RetrievalDataset:
    """Load one split of a data set, building or fetching it if it is not cached.

    Args:
        spec: what the study file names.
        split: ``train``, ``dev`` or ``test``.
        beside: folder of the study file, where relative data folders are looked for first.

    Raises:
        UserError: if it cannot be found, fetched, or read.
    """
    return load_beir(_folder(spec, split, beside), split, spec.name)


def dataset_fingerprint(
    spec: DataSpec, split: Split, *, beside: Path | None = None, fetch: bool = True
) -> str:
    """Return ``load_dataset(...).fingerprint``, without loading what was loaded before.

    Raises:
        NotHereYetError: if it would have to be fetched and ``fetch`` is off.
        UserError: as :func:`load_dataset`.
    """
    folder = _folder(spec, split, beside, fetch)
    if isinstance(spec, BeirData):
        return beir_fingerprint(folder, split, spec.name)
    return cached_fingerprint(folder)


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
