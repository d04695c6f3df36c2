r"""All products of a block of documents with all queries, fast, with a proven error bound.

Notation: q, d are fp32 vectors, q^, d^ their roundings to the format of the product. Then

    |q.d - q^.d^| <= |q - q^| |d| + |q^| |d - d^|                        (Cauchy-Schwarz)
    |fl(q^.d^) - q^.d^| <= g |q^| |d^|, g = n u / (1 - n u), u = 2^-24     (Higham 2002, eq. 3.5)

The lengths of the rounding errors are measured, not estimated: they are about 0.4 of the worst
case, and the tighter the bound, the fewer documents must be scored anew. Higham's bound holds for
every order of summation and for fused multiply-add. A second g covers the pair score with which
the caller compares. A product stored in bf16 is rounded once more, by 2^-8 of its size at most.

In int8, q^ and d^ are whole multiples, up to 127, of a unit: one of each query, one of all
documents of a block, so that the products of a query compare as the whole numbers that they are.
Their sums are exact, and the bound on the rounding is the same.
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

Format = Literal["fp32", "bf16", "int8"]

_UNIT = 2.0**-24
_STORED = {"fp32": 0.0, "bf16": 2.0**-8 * 1.01, "int8": 4 * _UNIT}  # int8: turned into fp32
_FACTOR = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.int8}
_PRODUCT = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.int32}
_LARGEST = 127  # of int8, on both sides of 0
_LEAST = 1e-15  # of a unit, so that the product of two is a normal number
_ROOM = 1.05  # for larger components in later blocks
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
    units: Float[ndarray, "n"]
    """What 1 in ``values`` is worth: 1, but in int8."""


def formats_here() -> tuple[Format, ...]:
    """Return the formats that this processor multiplies in hardware, the finest first."""
    bf16: tuple[Format, ...] = ("bf16",) if torch.ops.mkldnn._is_mkldnn_bf16_supported() else ()
    int8: tuple[Format, ...] = ("int8",) if torch.cpu._is_vnni_supported() else ()
    return ("fp32", *bf16, *int8)


def product_type(form: Format) -> torch.dtype:
    """Return the type of numbers in which products are stored."""
    return _PRODUCT[form]


@dataclass(frozen=True, slots=True)
class Rounding:
    """How vectors are brought into the format of the product.

    Attributes:
        similarity: for the cosine they are scaled to length 1 (zero vectors stay zero).
        form: format of the product.
        cores: threads that share the work.
    """

    similarity: Similarity
    form: Format
    cores: Executor | None = None

    def vectors(self, vectors: Shaped[ndarray, "n d"], unit: float | None = None) -> Rounded:
        """Round vectors, such as a block of a memory-mapped bank.

        Args:
            vectors: of any type of number.
            unit: of int8, for all; larger components are cut. By default each has its own.

        Raises:
            ValueError: for a vector that holds NaN or an infinite value.
        """
        count, dimension = vectors.shape
        rounded = Rounded(
            values=torch.empty(count, dimension, dtype=_FACTOR[self.form]),
            lengths=np.empty(count, np.float32),
            residuals=np.zeros(count, np.float32),
            units=np.full(count, 1.0 if unit is None else unit, np.float32),
        )
        own_units = self.form == "int8" and unit is None
        starts = range(0, count, _PIECE)
        for _ in (self.cores.map if self.cores else map)(
            partial(_round_piece, vectors, self.similarity, rounded, own_units), starts
        ):
            pass
        return rounded

    def block(self, vectors: Shaped[ndarray, "n d"], unit: float | None = None) -> Rounded:
        """Round documents, in int8 with one unit for all: that of a block before, if it fits."""
        if self.form != "int8":
            return self.vectors(vectors)
        if unit is not None:
            block = self.vectors(vectors, unit)
            if block.residuals.max() <= 0.51 * unit * np.sqrt(vectors.shape[1]):
                return block
        return self.vectors(vectors, _ROOM * float(self.vectors(vectors).units.max()))


def _round_piece(
    vectors: Shaped[ndarray, "n d"],
    similarity: Similarity,
    rounded: Rounded,
    own_units: bool,
    start: int,
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
    rounded.lengths[part] = size
    if rounded.values.dtype == torch.int8:
        if own_units:
            peaks = piece.abs().amax(dim=1)
            rounded.units[part] = (peaks / _LARGEST).clamp_(min=_LEAST)
        piece /= torch.from_numpy(rounded.units[part]).unsqueeze(1)
        rounded.values[part] = piece.round().clamp_(-_LARGEST, _LARGEST)
    else:
        rounded.values[part] = piece
    if rounded.values.dtype != torch.float32:
        piece -= rounded.values[part]
        residuals = torch.linalg.vector_norm(piece, dim=1).numpy()
        rounded.residuals[part] = residuals * rounded.units[part]


def multiply(
    queries: Rounded, block: Rounded, similarity: Similarity, out: Shaped[Tensor, "size"]
) -> Shaped[Tensor, "q n"]:
    """Return v(q, d), which grows with the score: q.d, or (in fp32) q.d - |d|^2 / 2.

    In int8 it is told in units of its own, see :func:`product_units`.

    Args:
        queries: rounded queries.
        block: rounded documents.
        similarity: how embeddings are compared.
        out: memory for the result, reused from block to block.
    """
    shape = len(queries.lengths), len(block.lengths)
    result = out[: shape[0] * shape[1]].view(shape)
    if result.dtype == torch.int32:
        # Transposed, a single column keeps strides by which torch 2.13 reads the wrong numbers.
        single = block.values.shape[1] == 1
        documents = block.values.view(1, -1) if single else block.values.T
        torch._int_mm(queries.values, documents, out=result)
    else:
        torch.mm(queries.values, block.values.T, out=result)
    if similarity == "euclidean":
        result -= torch.from_numpy(block.lengths**2 / 2)
    return result


def product_units(queries: Rounded, block: Rounded) -> Float[ndarray, "q"]:
    """Return what 1 in the products of each query with a block is worth."""
    units: Float[ndarray, "q"] = queries.units * block.units[0]
    return units


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
