"""Vectors that somebody else made: a ``.npy`` file, a key of an ``.npz``, a list column."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.extras import require
from gonogo.core.files import write_bytes
from gonogo.data.vectors.vectors import check_vectors, map_npy, map_npz

_BLOCK = 65_536  # rows looked at together


def read_vectors(path: Path, key: str = "vectors") -> NDArray[np.floating]:
    """Open the vectors (n d) of a file, memory-mapped where the format allows it.

    Args:
        path: ``.npy``, ``.npz`` or ``.parquet``.
        key: of the ``.npz``, or the parquet table's column of lists.

    Raises:
        UserError: if it cannot be read without unpickling, is no matrix, or naming the first row
            that is not finite or has length 0, which no cosine is defined for.
    """
    if path.suffix == ".parquet":
        array: NDArray[np.generic] = _list_column(path, key)
    else:
        array = map_npz(path, key) if path.suffix == ".npz" else map_npy(path)
    vectors = check_vectors(array, path)
    _check_rows(vectors, path)
    return vectors


def count_vectors(path: Path, key: str = "vectors") -> int:
    """Return how many rows a file of vectors has, by its header alone where the format has one.

    Raises:
        UserError: if it cannot be read.
    """
    if path.suffix != ".parquet":
        return len(map_npz(path, key) if path.suffix == ".npz" else map_npy(path))
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"not a readable parquet file: {error}", file=path) from error


def _list_column(path: Path, column: str) -> NDArray[np.generic]:
    require("train", f"reading {path.name}", packages=["pyarrow"])
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, memory_map=True)
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"not a readable parquet file: {error}", file=path) from error
    if column not in table.column_names:
        known = ", ".join(table.column_names)
        raise UserError(f"no column {column!r}", file=path, hint=f"found {known}")
    lists = table.column(column).combine_chunks()
    kind = lists.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or _is_fixed(kind)):
        raise UserError(f"expected lists of numbers, found {kind}", file=path, place=column)
    if lists.null_count:
        row = int(np.flatnonzero(lists.is_null().to_numpy(zero_copy_only=False))[0])
        raise UserError("the row is empty", file=path, place=f"{column}, row {row}")
    lengths = np.asarray(lists.value_lengths())
    if len(lengths) and (odd := np.flatnonzero(lengths != lengths[0])).size:
        raise UserError(
            f"{lengths[odd[0]]} numbers, but {lengths[0]} in row 0",
            file=path,
            place=f"{column}, row {odd[0]}",
        )
    values = lists.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(lists), -1)  # type: ignore[no-any-return]


def _is_fixed(kind: object) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(kind))


def _check_rows(vectors: NDArray[np.floating], path: Path) -> None:
    for start in range(0, len(vectors), _BLOCK):
        block = np.asarray(vectors[start : start + _BLOCK], dtype=np.float32)
        lengths = np.einsum("nd,nd->n", block, block)
        for odd, what in (
            (~np.isfinite(lengths), "a value is not finite"),
            (lengths == 0, "the vector has length 0"),
        ):
            if odd.any():
                raise UserError(what, file=path, place=f"row {start + int(odd.argmax())}")


def write_array(path: Path, array: NDArray[np.generic]) -> None:
    """Write a ``.npy`` file whole or not at all."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_bytes(path, buffer.getvalue())
