"""Scores of chosen (query, document) pairs that depend on the two vectors and on nothing else.

A matrix product may round the same pair differently at different places of the matrix, so equal
vectors would not tie and a permuted corpus would rank differently. Here each pair is one dot
product of fixed order.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from gonogo.core.types import Similarity

_PIECE = 512  # pairs scored at once: fewer, and threads wait for each other; more leave the cache


def pair_scores(
    queries: Float[ndarray, "q d"],
    places: Int[ndarray, "m"],
    corpus: Shaped[ndarray, "n d"],
    rows: Int[ndarray, "m"],
    similarity: Similarity,
) -> Float[ndarray, "m"]:
    """Score chosen pairs: cosine, dot product, or minus Euclidean distance.

    The cosine with a zero vector is 0.

    Args:
        queries: fp32 vectors.
        places: the query of each pair.
        corpus: the bank, memory-mapped or not.
        rows: the document of each pair; ascending rows are read twice as fast.
        similarity: how the two are compared.
    """
    bank = np.asarray(corpus)  # a memory map's own indexing is slower
    lengths = norms(queries)
    scores: Float[ndarray, " m"] = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _PIECE):
        part = slice(start, start + _PIECE)
        left = np.take(queries, places[part], axis=0)
        right = np.take(bank, rows[part], axis=0).astype(np.float32, copy=False)
        match similarity:
            case "dot":
                scores[part] = np.vecdot(left, right)
            case "cosine":
                divisor = norms(right) * lengths[places[part]]
                scores[part] = _safe_divide(np.vecdot(left, right), divisor)
            case "euclidean":
                scores[part] = -norms(right - left)
            case _:
                assert_never(similarity)
    return scores


def norms(vectors: Float[ndarray, "n d"]) -> Float[ndarray, "n"]:
    """Return the Euclidean length of each vector."""
    lengths: Float[ndarray, " n"] = np.sqrt(np.vecdot(vectors, vectors))
    return lengths


def _safe_divide(value: Float[ndarray, "m"], divisor: Float[ndarray, "m"]) -> Float[ndarray, "m"]:
    quotient: Float[ndarray, " m"] = np.zeros_like(value)
    np.divide(value, divisor, out=quotient, where=divisor > 0)
    return quotient
