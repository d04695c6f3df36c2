"""Vectors that are computed once and kept: in shards, so that a killed run loses little."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock
from jaxtyping import Float
from numpy import ndarray

from gonogo.core.progress import Progress, Silent
from gonogo.data.vectors.vector_files import write_array

_SHARD = 2048  # distinct items between two saves: two minutes of one core at most

Item = TypeVar("Item", str, int)


def kept_vectors(
    path: Path,
    items: Sequence[Item],
    encode: Callable[[list[Item]], Float[ndarray, "m d"]],
    *,
    size: Callable[[Item], int],
    label: str = "vectors",
    progress: Progress | None = None,
) -> Float[ndarray, "n d"]:
    """Return a vector an item, memory-mapped; they are computed only if no file holds them.

    Of several processes that ask at once, one computes.

    Args:
        path: the ``.npy`` file, named after everything that the vectors depend on.
        items: in the order of the rows, at least one; equal ones are computed once.
        encode: gives the vectors of some distinct items.
        size: items are computed by it, the largest first: if memory runs short, it does at once.
        label: name of the bar.
        progress: shown a bar over distinct items.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                distinct = sorted(set(items), key=lambda item: (-size(item), item))
                shards = _computed(path, distinct, encode, label, progress or Silent())
                place = {item: number for number, item in enumerate(distinct)}
                write_array(path, shards[[place[item] for item in items]])
                shutil.rmtree(_work(path))
    vectors: Float[ndarray, "n d"] = np.load(path, mmap_mode="r", allow_pickle=False)
    return vectors


def _computed(
    path: Path,
    distinct: list[Item],
    encode: Callable[[list[Item]], Float[ndarray, "m d"]],
    label: str,
    progress: Progress,
) -> Float[ndarray, "m d"]:
    """Return the vectors of distinct items, of which finished shards are kept on the way."""
    work = _work(path)
    work.mkdir(exist_ok=True)
    shards = [distinct[at : at + _SHARD] for at in range(0, len(distinct), _SHARD)]
    files = [work / f"{number:06d}.npy" for number in range(len(shards))]
    done = sum(len(shard) for shard, file in zip(shards, files, strict=True) if file.exists())
    bar = progress.bar(label, len(distinct), done=done)
    try:
        for shard, file in zip(shards, files, strict=True):
            if not file.exists():
                write_array(file, encode(shard))
                bar.advance(len(shard))
    finally:
        bar.close()
    return np.concatenate([np.load(file, allow_pickle=False) for file in files])


def _work(path: Path) -> Path:
    """Return the folder of the shards; named after the file, so never those of other weights."""
    return path.with_suffix(".unfinished")
