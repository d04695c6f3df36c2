"""Whiten a bank into a new one, row for row, so that pairs cut from the old one fit the new one.

Query towers read their contexts from the bank, so whitening it whitens both towers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from gonogo.analysis.geometry.geometry import mean_cosine
from gonogo.analysis.geometry.moments import moments_of
from gonogo.analysis.geometry.whitening import (
    Method,
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
)
from gonogo.core.errors import UserError
from gonogo.core.files import atomic_folder, sha256_file
from gonogo.data.files.manifest import check_replaceable, write_manifest
from gonogo.data.next_vector.bank import CHUNKS, VECTORS, Bank
from gonogo.data.next_vector.chunks import Chunks, StoredType, write_chunks, write_rows
from gonogo.data.preflight.preflight_sanity import row_lengths
from gonogo.data.vectors.vectors import row_blocks, unit_length
from gonogo.study.next_vector.preflight import sample_rows

WHITENING = "whitening.safetensors"
_BLOCK = 8192  # rows read at once


def whiten_bank(
    bank: Bank,
    out: Path,
    *,
    method: Method = "zca",
    dimension: int | None = None,
    fitted: Path | None = None,
    dtype: StoredType = "fp16",
    force: bool = False,
) -> dict[str, Any]:
    """Fit whitening on a bank's unit vectors, or take a fitted one, and write a whitened bank.

    Args:
        bank: to whiten.
        out: folder of the new bank; it also holds the whitening.
        method: ``zca`` or ``pca``.
        dimension: with ``pca``, directions kept.
        fitted: a whitening saved before, such as another bank's; nothing is fitted then.
        dtype: number format that vectors are stored in.
        force: replace what ``out`` holds.

    Returns:
        The new bank's manifest.

    Raises:
        UserError: if the bank has rows without a direction, or the whitening does not fit it.
    """
    if out.exists() and (not force or out.resolve() == bank.path.resolve()):
        raise UserError("is there already", file=out, hint="choose another `out`, or `force`")
    check_replaceable(out, "bank")
    _check_rows(bank)
    whitening = load_whitening(fitted) if fitted else _fit(bank, method, dimension)
    with atomic_folder(out) as folder:
        save_whitening(folder / WHITENING, whitening)
        # What is applied is what was saved, in its fp32: another bank gets the same to the bit.
        saved = load_whitening(folder / WHITENING)
        shape = (len(bank), int(saved.matrix.shape[1]))
        write_rows(folder / VECTORS, _whitened(bank, saved), shape, dtype)
        outputs = [VECTORS, WHITENING]
        if _copy_chunks(bank, folder):
            outputs.append(CHUNKS)
        return write_manifest(
            folder,
            "bank",
            inputs=bank.files,
            outputs=outputs,
            row_for_row={name: sha256_file(file) for name, file in bank.files.items()},
            whitening={
                "method": "given" if fitted else method,
                "sha256": sha256_file(folder / WHITENING),
                "dimension": shape[1],
            },
            recipe=bank.manifest.get("recipe"),
            rows=shape[0],
            dimension=shape[1],
            unit_length=True,
        )


def _copy_chunks(bank: Bank, folder: Path) -> bool:
    """Write the articles and texts of a bank, whatever form it has; False if nobody told them."""
    if CHUNKS in bank.files:
        shutil.copyfile(bank.files[CHUNKS], folder / CHUNKS)
        return True
    try:
        articles = bank.articles
    except UserError:
        return False
    lengths = articles.lengths.tolist()
    names = [
        name for name, length in zip(articles.ids, lengths, strict=True) for _ in range(length)
    ]
    places = [place for length in lengths for place in range(length)]
    write_chunks(folder, Chunks(names, places, [bank.text(row) or "" for row in range(len(bank))]))
    return True


def mean_cosines(bank: Bank) -> float:
    """Return the mean cosine of different rows, over a sample that is the same for every bank."""
    return mean_cosine(bank.take(sample_rows(np.arange(len(bank)))))


def _check_rows(bank: Bank) -> None:
    lengths = row_lengths(bank)
    wrong = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(wrong):
        raise UserError(
            f"{len(wrong)} rows hold NaN, infinity or only zeros, the first is row {wrong[0]}",
            file=bank.path,
        )


def _unit_blocks(bank: Bank) -> Iterator[Float[np.ndarray, "rows d"]]:
    for rows in row_blocks(len(bank), _BLOCK):
        yield bank.take(rows).astype(np.float64)


def _fit(bank: Bank, method: Method, dimension: int | None) -> Whitening:
    try:
        mean, covariance = moments_of(lambda: _unit_blocks(bank), len(bank), bank.dimension)
        return fit_whitening(mean, covariance, method, dimension)
    except ValueError as error:
        raise UserError(f"cannot be whitened: {error}", file=bank.path) from error


def _whitened(bank: Bank, whitening: Whitening) -> Iterator[Float[np.ndarray, "rows k"]]:
    wide = replace(
        whitening,
        mean=whitening.mean.astype(np.float64),
        matrix=whitening.matrix.astype(np.float64),
    )
    for block in _unit_blocks(bank):
        yield unit_length(wide.apply(block))
