"""Pairs that somebody else made, as a folder that a study can name."""

from __future__ import annotations

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.files import atomic_folder, write_bytes
from gonogo.core.seeds import derive_seed
from gonogo.data.files.manifest import check_replaceable, write_manifest
from gonogo.data.next_vector.given_pairs import GivenVectors
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.next_vector.sequences import CONTEXTS, PAIRS, Pairs
from gonogo.data.vectors.vectors import npz_keys, row_digests


def write_given_pairs(
    out: Path, given: NextVectors, *, seed: int, validation: float
) -> dict[str, Any]:
    """Write pairs of a ``.npz`` file as ``gonogo data pairs`` writes its own.

    Whole articles are held out, unless the file says ``split``; training pairs whose target is a
    validation target too, bit for bit, are left out.

    Args:
        out: the folder.
        given: as :func:`~gonogo.data.next_vector.given_pairs.open_given_pairs` opened them.
        seed: of the split.
        validation: share of the articles held out.

    Returns:
        The manifest.

    Raises:
        UserError: if a context holds vectors that the bank lacks, one side would be empty, or
            ``out`` holds something else.
    """
    check_replaceable(out, "pairs")
    _check_rows(given)
    pairs = given.pairs
    split = "split" in npz_keys(pairs.path)
    held_out = pairs.validation if split else _held_out(pairs, seed, validation)
    stays = _without_repeats(given, held_out)
    side = held_out[stays]
    if side.all() or not side.any():
        raise UserError(
            f"{len(set(pairs.articles.tolist()))} articles leave one side of the split empty",
            file=pairs.path,
            hint="name articles or sides in it: arrays `articles` and `split`, one entry a pair",
        )
    with atomic_folder(out) as folder:
        write_bytes(folder / PAIRS, _table(pairs, stays, side))
        buffer = BytesIO()
        np.save(buffer, pairs.contexts[stays], allow_pickle=False)
        write_bytes(folder / CONTEXTS, buffer.getvalue())
        return write_manifest(
            folder,
            "pairs",
            inputs=dict(given.bank.files),
            outputs=(PAIRS, CONTEXTS),
            content=_content(pairs, stays, side),
            bank=os.path.relpath(given.bank.path.resolve(), out.resolve()),
            settings={"given": pairs.path.name, "seed": seed, "validation": validation},
            pairs=len(stays),
            train=int((~side).sum()),
            validation=int(side.sum()),
            repeated_across_split=len(pairs) - len(stays),
        )


def _check_rows(given: NextVectors) -> None:
    if not isinstance(given, GivenVectors):
        return
    pairs = given.pairs
    for start in range(0, len(pairs), 4096):
        numbers = np.arange(start, min(start + 4096, len(pairs)))
        lacking = given.present(numbers) & (pairs.contexts[numbers] < 0)
        if lacking.any():
            pair, place = np.argwhere(lacking)[0]
            raise UserError(
                f"vector {place} of the context of pair {pairs.ids[start + pair]!r} is not in the"
                f" bank {given.bank.path}",
                file=pairs.path,
                place="contexts",
                hint="add it to the bank; gonogo postmortem takes such pairs as they are",
            )


def _held_out(pairs: Pairs, seed: int, share: float) -> NDArray[np.bool_]:
    names = np.unique(pairs.articles)
    ranks = [derive_seed(seed, "windows", "split", str(name)) for name in names]
    count = max(round(share * len(names)), 1)
    return np.isin(pairs.articles, names[np.argsort(np.array(ranks), kind="stable")[:count]])


def _without_repeats(given: NextVectors, held_out: NDArray[np.bool_]) -> NDArray[np.int64]:
    content = row_digests(np.asarray(given.bank.vectors[given.pairs.targets]))
    return np.flatnonzero(held_out | ~np.isin(content, content[held_out]))


def _table(pairs: Pairs, stays: NDArray[np.int64], side: NDArray[np.bool_]) -> bytes:
    import polars as pl

    contexts = pairs.contexts[stays]
    first = (contexts >= 0).argmax(axis=1)
    frame = pl.DataFrame(
        {
            "pair": pl.Series(pairs.ids[stays].tolist(), dtype=pl.String),
            "article": pl.Series(pairs.articles[stays].tolist(), dtype=pl.String),
            "split": np.where(side, "validation", "train"),
            "context_start": contexts[np.arange(len(stays)), first],
            "context_length": (contexts >= 0).sum(axis=1).astype(np.int32),
            "target": pairs.targets[stays],
        }
    )
    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _content(pairs: Pairs, stays: NDArray[np.int64], side: NDArray[np.bool_]) -> str:
    digest = hashlib.sha256()
    for pair, held_out in zip(pairs.ids[stays].tolist(), side.tolist(), strict=True):
        digest.update(repr((pair, held_out)).encode())
    digest.update(pairs.targets[stays].astype("<i8").tobytes())
    digest.update(pairs.contexts[stays].astype("<i8").tobytes())
    return digest.hexdigest()
