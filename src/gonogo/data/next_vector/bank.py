"""Open a bank of vectors, memory-mapped, with the articles and texts of its rows.

A bank is a folder that ``gonogo data bank`` wrote, or one file from elsewhere, read as it is:

- ``.npz`` with ``vectors`` (n d), optionally ``texts`` (n), ``articles`` (n: the article of each
  row) and ``ids`` (n: taken for articles where they repeat and there are no ``articles``);
- ``.npz`` with ``sequences`` (s t d): each sequence is an article, named by ``ids`` (s) if given;
- ``.npy`` (n d): vectors alone;
- ``.safetensors`` with ``vectors`` (n d), or one matrix of any name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.data.files.manifest import read_manifest
from gonogo.data.files.places import find_file, find_folder
from gonogo.data.next_vector.windows import Articles
from gonogo.data.vectors.vectors import check_vectors, map_npy, map_npz, npz_keys, unit_length

if TYPE_CHECKING:
    import polars as pl

VECTORS, CHUNKS = "vectors.npy", "chunks.parquet"


@dataclass(frozen=True)
class Bank:
    """Vectors in the order of their articles, memory-mapped.

    Attributes:
        path: the folder or file that was opened.
        vectors: rows as they are stored (n d), fp16 or fp32, of any length.
        files: every file that it consists of, by name.
        manifest: what ``gonogo data bank`` recorded; empty for files from elsewhere.
    """

    path: Path
    vectors: NDArray[np.floating]
    files: dict[str, Path]
    manifest: dict[str, Any]

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def rows(self) -> int:
        """Return the number of vectors."""
        return len(self.vectors)

    @property
    def dimension(self) -> int:
        """Return the length of each vector's row."""
        return int(self.vectors.shape[1])

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of some rows (...), at length 1 in fp32 (... d).

        Row -1, which stands for nothing in a padded context, gives zeros; so does a row of zeros.
        """
        wanted = np.asarray(rows)
        taken = unit_length(self.vectors[np.maximum(wanted, 0)])
        taken[wanted < 0] = 0.0
        return taken

    @cached_property
    def articles(self) -> Articles:
        """Return where each article's rows lie.

        Raises:
            UserError: if nothing says which article a row belongs to, or an article's rows are
                torn apart.
        """
        found = _articles(self)
        if found is None:
            raise UserError(
                "nothing says which rows belong to one article",
                file=self.path,
                hint="add an array `articles` (one id a row), or give row sequences",
            )
        return found

    def article_of(self, row: int) -> str:
        """Return the id of a row's article."""
        number = np.searchsorted(self.articles.starts, row, side="right") - 1
        return self.articles.ids[int(number)]

    @cached_property
    def texts(self) -> pl.Series | NDArray[np.str_] | None:
        """Return the text of each row, or None where the bank has none."""
        if CHUNKS in self.files:
            return _chunks(self, "text")
        return _optional(self.path, "texts", self.rows)

    def text(self, row: int) -> str | None:
        """Return the text of a row, or None where the bank has none."""
        return None if self.texts is None else str(self.texts[row])


def open_bank(path: Path) -> Bank:
    """Open a bank; a folder's files must have the sizes that its manifest tells.

    Raises:
        UserError: if it is missing, no bank, or its arrays do not fit each other.
    """
    if path.is_dir():
        return _open_folder(path)
    files = {path.name: path}
    if path.suffix == ".npy":
        return Bank(path, check_vectors(map_npy(path), path), files, {})
    if path.suffix == ".safetensors":
        return Bank(path, check_vectors(_safetensors(path), path), files, {})
    if path.suffix != ".npz" and path.exists():
        raise UserError("a bank is a folder, or a .npz, .npy or .safetensors file", file=path)
    if "sequences" in npz_keys(path):
        sequences = map_npz(path, "sequences")
        if sequences.ndim == 3:
            sequences = sequences.reshape(-1, sequences.shape[2])
        return Bank(path, check_vectors(sequences, path), files, {})
    return Bank(path, check_vectors(map_npz(path, "vectors"), path), files, {})


def _open_folder(folder: Path) -> Bank:
    manifest = read_manifest(folder, "bank")
    files = {name: folder / name for name in manifest["outputs"]}
    vectors = check_vectors(map_npy(folder / VECTORS), folder / VECTORS)
    if len(vectors) != manifest["rows"]:
        raise UserError(
            f"{VECTORS} holds {len(vectors)} rows, the manifest tells {manifest['rows']}",
            file=folder,
        )
    return Bank(folder, vectors, files, manifest)


def _safetensors(path: Path) -> NDArray[np.generic]:
    """Read the tensor ``vectors``, or the one matrix that there is."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            matrices = [name for name in names if len(file.get_slice(name).get_shape()) == 2]
            chosen = ["vectors"] if "vectors" in names else matrices
            if len(chosen) == 1:
                found: NDArray[np.generic] = file.get_tensor(chosen[0])
                return found
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except (OSError, SafetensorError, TypeError) as error:  # TypeError: bf16, which numpy lacks
        raise UserError(f"not readable vectors: {error}", file=path) from error
    raise UserError(
        f"no tensor 'vectors', and {len(matrices)} matrices",
        file=path,
        hint=f"found {', '.join(sorted(names)) or 'nothing'}",
    )


def _chunks(bank: Bank, column: str) -> pl.Series:
    import polars as pl

    file = bank.files[CHUNKS]
    values = pl.read_parquet(file, columns=[column])[column]
    if len(values) != bank.rows:
        raise UserError(f"{len(values)} chunks for {bank.rows} vectors", file=file)
    return values


def _optional(path: Path, key: str, length: int) -> NDArray[np.str_] | None:
    """Return an array of text from a ``.npz`` file, None if it has none."""
    if path.suffix != ".npz" or key not in npz_keys(path):
        return None
    values = map_npz(path, key)
    if values.shape != (length,):
        raise UserError(f"{key} has shape {values.shape}, not ({length},)", file=path)
    return values.astype(np.str_)


def _articles(bank: Bank) -> Articles | None:
    if CHUNKS in bank.files:
        runs = _chunks(bank, "article").rle().struct.unnest()
        return Articles.from_runs(runs["value"].to_list(), runs["len"].to_numpy().astype(np.int64))
    if bank.path.suffix == ".npz" and "sequences" in npz_keys(bank.path):
        count, length = map_npz(bank.path, "sequences").shape[:2]
        ids = _optional(bank.path, "ids", count)
        names = [f"sequence {number}" for number in range(count)] if ids is None else ids.tolist()
        return Articles.from_runs(names, np.full(count, length))
    named = _optional(bank.path, "articles", bank.rows)
    if named is not None:
        return Articles.from_rows(named)
    ids = _optional(bank.path, "ids", bank.rows)
    # Ids that never repeat name rows, not articles.
    return None if ids is None or len(np.unique(ids)) == len(ids) else Articles.from_rows(ids)


def find_bank(bank: str, *, beside: Path | None = None) -> Path:
    """Return the folder or file that a study calls ``bank``, looked up as a data folder is.

    Raises:
        UserError: if it is nowhere.
    """
    find = find_file if Path(bank).suffix in (".npz", ".npy", ".safetensors") else find_folder
    return find(bank, beside=beside)


def bank_files(place: Path) -> dict[str, Path]:
    """Return the files of a bank by name, without opening it.

    Raises:
        UserError: if there is no bank.
    """
    if place.is_dir():
        return {name: place / name for name in read_manifest(place, "bank")["outputs"]}
    if not place.exists():
        hint = "put it back; or name where it lies in the study, data: {folder: PAIRS, bank: BANK}"
        raise UserError("no such bank", file=place, hint=hint)
    return {place.name: place}


def derived_from(manifest: dict[str, Any]) -> dict[str, str] | None:
    """Return the files of the bank that this one was made from row for row, None if there is none.

    Whitened vectors take the place of their originals: pairs name rows, and rows are the same.
    """
    derived: dict[str, str] | None = manifest.get("row_for_row")
    return derived
