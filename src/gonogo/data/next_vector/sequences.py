"""Open pairs of a context of consecutive vectors and the vector that comes next in a bank."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.data.files.manifest import MANIFEST, changed_files, check_files, read_manifest
from gonogo.data.next_vector.bank import Bank, bank_files, derived_from, open_bank
from gonogo.data.vectors.vectors import map_npy

__all__ = ["Bank", "Pairs", "context_slices", "open_bank", "open_pairs"]

PAIRS, CONTEXTS = "pairs.parquet", "contexts.npy"
PAIR_COLUMNS = ("pair", "article", "split", "context_start", "context_length", "target")


@dataclass(frozen=True)
class Pairs:
    """Contexts and the row that comes next, as row numbers of a bank.

    Attributes:
        path: the folder that was opened.
        bank_path: where the bank lies.
        ids: (p) stable name of each pair; no shuffle, stride or cap changes it.
        articles: (p) article of each pair.
        validation: (p) true for pairs of articles that are held out.
        contexts: (p t) bank rows, the latest last; -1 in front of contexts that are shorter.
        targets: (p) bank rows.
        manifest: what ``gonogo data pairs`` recorded.
    """

    path: Path
    bank_path: Path
    ids: NDArray[np.str_]
    articles: NDArray[np.str_]
    validation: NDArray[np.bool_]
    contexts: NDArray[np.int64]
    targets: NDArray[np.int64]
    manifest: dict[str, Any]

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def train(self) -> NDArray[np.bool_]:
        """Return (p) true for pairs to learn from."""
        return ~self.validation


def open_pairs(path: Path, *, bank: Path | None = None, check: bool = True) -> Pairs:
    """Open pairs, after making sure that they and their bank are those that were recorded.

    Args:
        path: folder that ``gonogo data pairs`` wrote.
        bank: where the bank, or a copy of it row for row, lies now; by default where the bank lay
            when the pairs were made, and no copy then.
        check: compare the files with the manifest; ``gonogo data preflight`` reports instead.

    Raises:
        UserError: if it is no such folder, or a file of pairs or bank no longer matches.
    """
    manifest = read_manifest(path, "pairs")
    place = bank or Path(os.path.normpath(path / manifest["bank"]))
    if check:
        check_files(path, manifest["outputs"], {name: path / name for name in manifest["outputs"]})
        _check_bank(path, place, manifest["inputs"], named=bank is not None)
    return _read_pairs(path, place, manifest)


def _check_bank(path: Path, place: Path, recorded: dict[str, str], *, named: bool) -> None:
    """Refuse a bank other than the recorded one; copies of it row for row pass where named."""
    files = bank_files(place)
    changed = changed_files(recorded, files)
    manifest = read_manifest(place, "bank") if changed and place.is_dir() else {}
    if changed and derived_from(manifest) == recorded:
        if not named:
            raise UserError(
                f"the bank {place} is a copy of the one that the pairs were made from",
                file=path / MANIFEST,
                hint=f"if that is meant, name it: data: {{folder: {path}, bank: {place}}}",
            )
        changed = changed_files(manifest["outputs"], files)
    if changed:
        raise UserError(
            f"{', '.join(changed)} of the bank {place} no longer matches what the pairs were"
            " made from",
            file=path / MANIFEST,
            hint="make the pairs again, or put the bank back",
        )


def _read_pairs(path: Path, bank: Path, manifest: dict[str, Any]) -> Pairs:
    import polars as pl

    try:
        frame = pl.read_parquet(path / PAIRS, columns=list(PAIR_COLUMNS))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not a table of pairs: {error}", file=path / PAIRS) from error
    starts, lengths = frame["context_start"].to_numpy(), frame["context_length"].to_numpy()
    if (path / CONTEXTS).is_file():
        contexts = map_npy(path / CONTEXTS).astype(np.int64)
    else:
        contexts = context_slices(starts, lengths)
    return Pairs(
        path=path,
        bank_path=bank,
        ids=frame["pair"].to_numpy().astype(np.str_),
        articles=frame["article"].to_numpy().astype(np.str_),
        validation=(frame["split"] == "validation").to_numpy(),
        contexts=contexts,
        targets=frame["target"].to_numpy().astype(np.int64),
        manifest=manifest,
    )


def context_slices(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of contexts that are slices of a bank (p t), -1 in front of short ones."""
    longest = int(lengths.max(initial=0))
    offsets = np.arange(longest)[None, :] - (longest - lengths)[:, None]
    return np.where(offsets < 0, -1, starts[:, None] + offsets)
