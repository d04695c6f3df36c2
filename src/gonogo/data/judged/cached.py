"""Data sets that are costly to build, kept as BEIR folders under the cache folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from gonogo.core.files import (
    atomic_folder,
    cache_folder,
    fingerprint,
    read_json,
    write_json,
)
from gonogo.data.judged.beir import beir_files, load_beir, write_beir
from gonogo.data.judged.datasets import RetrievalDataset

Build = Callable[[], list[RetrievalDataset]]

_FORMAT = 1  # raised when the layout of a cached folder changes


def cached_split(kind: str, key: dict[str, Any], split: str, build: Build) -> Path | None:
    """Return the folder of one split, building all splits of ``key`` first if need be.

    Args:
        kind: what is cached, a folder name.
        key: everything that can change the result, such as package versions.
        split: the split that is asked for.
        build: makes the data sets, one a split.

    Returns:
        A BEIR folder, or None if the builder made no such split.
    """
    digest = fingerprint({**key, "format": _FORMAT})
    home = cache_folder(kind)
    folder = home / digest
    if not folder.is_dir():
        with FileLock(home / f"{digest}.lock"):  # two processes may want it at once
            if not folder.is_dir():
                _write(folder, key, build())
    return folder / split if (folder / split).is_dir() else None


def _write(folder: Path, key: dict[str, Any], datasets: list[RetrievalDataset]) -> None:
    with atomic_folder(folder) as temporary:
        for dataset in datasets:
            write_beir(dataset, temporary / dataset.split)
            _write_stamp(temporary / dataset.split, dataset)
        write_json(temporary / "key.json", key)


def _write_stamp(folder: Path, dataset: RetrievalDataset) -> None:
    write_json(folder / "fingerprint.json", {"fingerprint": dataset.fingerprint})


def cached_fingerprint(folder: Path) -> str:
    """Return the content fingerprint of a folder from :func:`cached_split`, without loading it."""
    return str(read_json(folder / "fingerprint.json")["fingerprint"])


def beir_fingerprint(folder: Path, split: str, name: str) -> str:
    """Return the content fingerprint of a BEIR folder.

    It is remembered by path, size and time of change of its three files, so that planning a study
    does not read its data again.
    """
    stamps = [
        [str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns]
        for path in beir_files(folder, split)
    ]
    memory = cache_folder("fingerprints") / f"{fingerprint([_FORMAT, stamps])}.json"
    if not memory.is_file():
        write_json(memory, {"fingerprint": load_beir(folder, split, name).fingerprint})
    return str(read_json(memory)["fingerprint"])
