"""Exact search for the nearest vectors, by blocks, as fast as half-precision products allow.

A pass over the bank in the fastest format finds, with proven error bounds, everything that can be
among the best k; only that is then scored in full. The answer does not depend on the format, the
block size, or where in the corpus a document stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from gonogo.core.types import Similarity
from gonogo.evaluation.search import search_products as products
from gonogo.evaluation.search.cores import single_threaded
from gonogo.evaluation.search.search_filters import Filters, PairFilter
from gonogo.evaluation.search.search_pool import places_a_query
from gonogo.evaluation.search.search_run import QueryRun
from gonogo.evaluation.search.search_scan import Scan

__all__ = ["Filters", "Found", "search", "top_k"]

_RUN = 1024  # queries of one run at most: one core multiplies it with a block at once
_PLACES = 3 << 24  # of all candidate tables together: 16 bytes each, 0.8 GB
_NONE = Filters()


class Found(NamedTuple):
    """What a search found; where the filters leave fewer than k, score -inf and row -1."""

    scores: Float[ndarray, "q k"]
    rows: Int[ndarray, "q k"]
    above: Int[ndarray, "q"]
    """Documents refused only for a score above ``highest``; 0 where ``lowest`` is above that."""


def top_k(
    queries: Shaped[ndarray, "q d"],
    corpus: Shaped[ndarray, "n _"],
    k: int,
    similarity: Similarity = "cosine",
    *,
    filters: Filters = _NONE,
    block: int = 16_384,
    form: products.Format | None = None,
) -> tuple[Float[ndarray, "q k"], Int[ndarray, "q k"]]:
    """Find the k best documents of every query: scores and rows of :func:`search`."""
    found = search(queries, corpus, k, similarity, filters=filters, block=block, form=form)
    return found.scores, found.rows


def search(
    queries: Shaped[ndarray, "q d"],
    corpus: Shaped[ndarray, "n _"],
    k: int,
    similarity: Similarity = "cosine",
    *,
    filters: Filters = _NONE,
    block: int = 16_384,
    form: products.Format | None = None,
) -> Found:
    """Find the k best documents of every query, best first, ties by row ascending.

    Beside the result it holds under 2 GB, whatever the number of queries: many queries with a large
    k pass over the corpus in groups.

    Args:
        queries: one vector a query.
        corpus: one vector a document; it may be memory-mapped and larger than memory.
        k: documents wanted; a larger k than there are documents gives them all.
        similarity: ``cosine``, ``dot``, or ``euclidean`` (score = minus the distance).
        filters: what may not be returned.
        block: documents multiplied at once; no effect on the result.
        form: format of the products, by default whichever costs least here; distances always take
            fp32. It has no effect on the result.

    Raises:
        ValueError: if k is below 1, the dimensions differ, or a vector is not finite.
    """
    if k < 1 or queries.shape[1] != corpus.shape[1]:
        raise ValueError(f"cannot find {k} of {corpus.shape} vectors for {queries.shape} queries")
    k = min(k, len(corpus))
    if not k or not len(queries):
        empty = len(queries), k
        return Found(np.empty(empty, np.float32), np.empty(empty, np.int64), _zeros(len(queries)))
    if similarity == "euclidean":  # a small difference of large products: bf16 would hold no digit
        forms: Sequence[products.Format] = ("fp32",)
    else:
        forms = products.formats_here() if form is None else (form,)
    parts = []
    group = max(_RUN, _PLACES // (places_a_query(k) * _RUN) * _RUN)
    for start in range(0, len(queries), group):
        runs = _runs(queries[start : start + group], start, corpus, k, similarity, filters)
        parts.append(_search(runs, corpus, k, similarity, block, forms))
    scores, rows, above = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Found(scores, rows, above)


def _zeros(count: int) -> Int[ndarray, "count"]:
    return np.zeros(count, np.int64)


def _runs(
    queries: Shaped[ndarray, "q d"],
    start: int,
    corpus: Shaped[ndarray, "n d"],
    k: int,
    similarity: Similarity,
    filters: Filters,
) -> list[QueryRun]:
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    cores, runs = torch.get_num_threads(), []
    rounds = -(-len(queries) // (_RUN * cores))  # of one run a core, all of a size
    size = -(-len(queries) // (rounds * cores))
    for first in range(0, len(queries), size):
        part = queries[first : first + size]
        allowed = PairFilter(filters, start + first, len(part), len(corpus))
        runs.append(QueryRun(part, corpus, k, similarity, allowed))
    return runs


def _search(
    runs: list[QueryRun],
    corpus: Shaped[ndarray, "n d"],
    k: int,
    similarity: Similarity,
    block: int,
    forms: Sequence[products.Format],
) -> Found:
    cores = single_threaded(torch.get_num_threads())
    scan = Scan(runs, similarity, forms, cores)
    for start, stop in _growing_blocks(len(corpus), k, block):
        scan.over(np.ascontiguousarray(corpus[start:stop]), start)
    scores, rows = zip(*cores.map(QueryRun.answer, runs), strict=True)
    above = np.concatenate([run.above for run in runs])
    return Found(np.concatenate(scores), np.concatenate(rows), above)


def _growing_blocks(count: int, k: int, block: int) -> Iterator[tuple[int, int]]:
    """Yield blocks that grow: the first only show where the k-th best score may lie."""
    start, size = 0, min(block, max(512, 2 * k))
    while start < count:
        stop = min(start + size, count)
        yield start, stop
        start, size = stop, min(block, stop)
