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


def pair_scores(
    query: Float[ndarray, "d"],
    corpus: Shaped[ndarray, "n d"],
    rows: Int[ndarray, "m"],
    similarity: Similarity,
) -> Float[ndarray, "m"]:
    """Score some documents for one query: cosine, dot product, or minus Euclidean distance.

    The cosine with a zero vector is 0.
    """
    vectors = np.asarray(corpus[rows], dtype=np.float32)
    match similarity:
        case "dot":
            return _dots(vectors, query[None])
        case "cosine":
            return _safe_divide(_dots(vectors, query[None]), norms(vectors) * norms(query[None]))
        case "euclidean":
            return -norms(vectors - query)
    assert_never(similarity)


def norms(vectors: Float[ndarray, "n d"]) -> Float[ndarray, "n"]:
    """Return the Euclidean length of each vector."""
    lengths: Float[ndarray, " n"] = np.sqrt(_dots(vectors, vectors))
    return lengths


def _dots(left: Float[ndarray, "n d"], right: Float[ndarray, "#n d"]) -> Float[ndarray, "n"]:
    values: Float[ndarray, " n"] = np.vecdot(left, right)
    return values


def _safe_divide(value: Float[ndarray, "m"], divisor: Float[ndarray, "m"]) -> Float[ndarray, "m"]:
    quotient: Float[ndarray, " m"] = np.zeros_like(value)
    np.divide(value, divisor, out=quotient, where=divisor > 0)
    return quotient
