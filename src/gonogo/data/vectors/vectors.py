"""Files of vectors, memory-mapped where the format allows it, and rows brought to length 1."""

from __future__ import annotations

import hashlib
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError

_LOCAL_HEADER = 30  # bytes of a zip member's header before its name (APPNOTE.TXT, 4.3.7)
LARGEST_UNPACKED = 2**32
"""Bytes of a packed array, which has to be unpacked into memory."""
_DAMAGE = (  # what numpy and zipfile raise for bytes that are no array or archive
    OSError, ValueError, EOFError, SyntaxError, TypeError, OverflowError, MemoryError, KeyError,
    NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError,
)  # fmt: skip
_FLOATS = (np.float16, np.float32, np.float64)


def unit_length(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return vectors (..., d) at length 1 in fp32; those of length 0 stay 0."""
    wide = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(wide, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)
    return unit


def map_npy(path: Path) -> NDArray[np.generic]:
    """Memory-map a ``.npy`` file.

    Raises:
        UserError: if it is missing, no such file, or would have to be unpickled.
    """
    try:
        array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except _DAMAGE as error:
        raise UserError(f"not a readable .npy file: {error}", file=path) from error
    return array


def npz_keys(path: Path) -> set[str]:
    """Return the names of the arrays in a ``.npz`` file.

    Raises:
        UserError: if it is missing or no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except _DAMAGE as error:
        raise UserError(f"not a readable .npz file: {error}", file=path) from error


def map_npz(path: Path, key: str) -> NDArray[np.generic]:
    """Memory-map one array of a ``.npz`` file; what ``np.savez_compressed`` wrote is loaded.

    Raises:
        UserError: if the file or the array is missing, or would have to be unpickled.
    """
    known = npz_keys(path)
    if key not in known:
        raise UserError(f"no array {key!r}", file=path, hint=f"found {', '.join(sorted(known))}")
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{key}.npy")
        try:
            if member.compress_type != zipfile.ZIP_STORED:
                if member.file_size > LARGEST_UNPACKED:
                    raise ValueError(
                        f"unpacks to more than {LARGEST_UNPACKED >> 30} GiB; np.savez does not pack"
                    )
                with archive.open(member) as handle:
                    array: NDArray[np.generic] = np.lib.format.read_array(
                        handle, allow_pickle=False
                    )
                return array
            return _map_member(path, member)
        except _DAMAGE as error:
            raise UserError(
                f"cannot be read: {error}",
                file=path,
                place=key,
                hint="texts are saved as np.array(texts, dtype=str), not as objects",
            ) from error


def _map_member(path: Path, member: zipfile.ZipInfo) -> NDArray[np.generic]:
    """Map an array that lies uncompressed inside a zip archive."""
    with path.open("rb") as handle:
        handle.seek(member.header_offset)
        header = handle.read(_LOCAL_HEADER)
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        handle.seek(member.header_offset + _LOCAL_HEADER + name + extra)
        version = np.lib.format.read_magic(handle)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(handle)
        if dtype.hasobject:
            raise ValueError("it holds Python objects")
        if 0 in shape:
            return np.empty(shape, dtype)
        if math.prod(shape) * dtype.itemsize > member.file_size:
            raise ValueError(f"the header says {shape}, which is more than there is")
        order: Literal["F", "C"] = "F" if fortran else "C"
        mapped: NDArray[np.generic] = np.memmap(
            path, dtype=dtype, mode="r", offset=handle.tell(), shape=shape, order=order
        )
        return mapped


def check_vectors(array: NDArray[np.generic], file: Path) -> NDArray[np.floating]:
    """Return an array that is a matrix of vectors (n d), as it is.

    Raises:
        UserError: for another shape or type, or none.
    """
    if array.dtype not in _FLOATS or array.ndim != 2 or 0 in array.shape:
        raise UserError(
            f"expected a matrix of fp16 or fp32 vectors, found {array.dtype} {array.shape}",
            file=file,
        )
    return array  # type: ignore[return-value]


def row_blocks(count: int, size: int) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of rows 0 to count - 1 in order, at most ``size`` of them at a time."""
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))


def row_digests(vectors: NDArray[np.floating], block: int = 8192) -> NDArray[np.uint64]:
    """Return 64 bits of a hash of each row (n), equal for rows that are equal in every bit.

    A memory map is read once, in order, a block of rows at a time.
    """
    digests = np.empty(len(vectors), dtype=np.uint64)
    for start in range(0, len(vectors), block):
        rows = np.ascontiguousarray(vectors[start : start + block]) + np.zeros(1, vectors.dtype)
        for number, row in enumerate(rows, start=start):  # adding 0 made -0 and 0 the same bits
            digest = hashlib.blake2b(row.tobytes(), digest_size=8).digest()
            digests[number] = int.from_bytes(digest, "little")
    return digests
