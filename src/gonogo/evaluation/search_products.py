r"""All products of a block of documents with all queries, fast, with a proven error bound.

Notation: q, d are fp32 vectors, q^, d^ their roundings to the format of the product. Then

    |q.d - q^.d^| <= |q - q^| |d| + |q^| |d - d^|                        (Cauchy-Schwarz)
    |fl(q^.d^) - q^.d^| <= g |q^| |d^|, g = n u / (1 - n u), u = 2^-24     (Higham 2002, eq. 3.5)

The lengths of the rounding errors are measured, not estimated: they are about 0.4 of the worst
case, and the tighter the bound, the fewer documents must be scored anew. Higham's bound holds for
every order of summation and for fused multiply-add. A second g covers the pair score with which
the caller compares. A product stored in bf16 is rounded once more, by 2^-8 of its size at most.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Shaped
from numpy import ndarray
from torch import Tensor

from gonogo.core.types import Similarity

Format = Literal["fp32", "bf16"]

_UNIT = 2.0**-24
_STORED = {"fp32": 0.0, "bf16": 2.0**-8 * 1.01}
_TINY = 1e-34  # flushed denormals
_PIECE = 512  # rows rounded at once: they stay near the core


@dataclass(frozen=True, slots=True)
class Rounded:
    """Vectors in the format of the product, with what is needed to bound its error."""

    values: Shaped[Tensor, "n d"]
    lengths: Float[ndarray, "n"]
    """|d| of the fp32 vectors."""
    residuals: Float[ndarray, "n"]
    """|d - d^|."""


def fastest_format() -> Format:
    """Return bf16 where the processor multiplies it in hardware with fp32 sums, else fp32."""
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "fp32"


def dtype_of(form: Format) -> torch.dtype:
    """Return the type of numbers that are multiplied and stored."""
    return torch.bfloat16 if form == "bf16" else torch.float32


def round_vectors(
    vectors: Shaped[ndarray, "n d"],
    similarity: Similarity,
    form: Format,
    cores: Executor | None = None,
) -> Rounded:
    """Bring vectors, such as a block of a memory-mapped bank, into the format of the product.

    For the cosine they are scaled to length 1 (zero vectors stay zero).

    Args:
        vectors: of any type of number.
        similarity: how embeddings are compared.
        form: format of the product.
        cores: threads that share the work.

    Raises:
        ValueError: for a vector that holds NaN or an infinite value.
    """
    count, dimension = vectors.shape
    values = torch.empty(count, dimension, dtype=dtype_of(form))
    rounded = Rounded(values, np.empty(count, np.float32), np.zeros(count, np.float32))
    starts = range(0, count, _PIECE)
    for _ in (cores.map if cores else map)(
        partial(_round_piece, vectors, similarity, rounded), starts
    ):
        pass
    return rounded


def _round_piece(
    vectors: Shaped[ndarray, "n d"], similarity: Similarity, rounded: Rounded, start: int
) -> None:
    part = slice(start, start + _PIECE)
    piece = torch.from_numpy(vectors[part].astype(np.float32, casting="same_kind"))
    size = torch.linalg.vector_norm(piece, dim=1)
    if not torch.isfinite(size).all():
        row = start + int((~torch.isfinite(size)).nonzero()[0, 0])
        raise ValueError(f"vector {row} holds NaN or an infinite value")
    if similarity == "cosine":
        piece /= torch.where(size > 0, size, 1.0).unsqueeze(1)
        size = (size > 0).float()
    rounded.values[part] = piece
    rounded.lengths[part] = size
    if rounded.values.dtype == torch.bfloat16:
        piece -= rounded.values[part]
        rounded.residuals[part] = torch.linalg.vector_norm(piece, dim=1)


def multiply(
    queries: Rounded, block: Rounded, similarity: Similarity, out: Shaped[Tensor, "size"]
) -> Shaped[Tensor, "q n"]:
    """Return v(q, d), which grows with the score: q.d, or (in fp32) q.d - |d|^2 / 2.

    Args:
        queries: rounded queries.
        block: rounded documents.
        similarity: how embeddings are compared.
        out: memory for the result, reused from block to block.
    """
    shape = len(queries.lengths), len(block.lengths)
    result = out[: shape[0] * shape[1]].view(shape)
    torch.mm(queries.values, block.values.T, out=result)
    if similarity == "euclidean":
        result -= torch.from_numpy(block.lengths**2 / 2)
    return result


def error_bounds(queries: Rounded, block: Rounded, similarity: Similarity) -> Float[ndarray, "q"]:
    """Bound |v - v of the pair score| for each query over all documents of a block."""
    dimension = queries.values.shape[1]
    gamma = 2 * (dimension + 16) * _UNIT / (1 - 2 * (dimension + 16) * _UNIT)
    slack = 1 + 2 * gamma  # the lengths are themselves computed in fp32
    length, rounding = queries.lengths * slack, queries.residuals * slack
    longest = float(block.lengths.max()) * slack
    worst = float(block.residuals.max()) * slack + 4 * _UNIT * longest
    rounding = rounding + 4 * _UNIT * length
    bound = rounding * longest + (length + rounding) * worst + gamma * length * longest
    if similarity == "euclidean":
        bound = bound + 2 * gamma * (length + longest) ** 2
    return np.asarray(bound + _TINY * (1 + length + longest), dtype=np.float32)


def stored_error(form: Format) -> float:
    """Return the relative error with which a product is stored."""
    return _STORED[form]
