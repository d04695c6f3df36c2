"""The search for one run of queries: offer it block after block, then ask for the answer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.evaluation.search.search_filters import PairFilter
from gonogo.evaluation.search.search_pool import Pool
from gonogo.evaluation.search.search_scores import norms, pair_scores

_MOST = 2**31 - 1


class QueryRun:
    """Some queries, what they may find, and what they can still find.

    Args:
        queries: fp32 vectors.
        corpus: the whole bank.
        k: documents wanted a query.
        similarity: how embeddings are compared.
        allowed: filters of these queries.
    """

    def __init__(
        self,
        queries: Float[ndarray, "q d"],
        corpus: Shaped[ndarray, "n d"],
        k: int,
        similarity: Similarity,
        allowed: PairFilter,
    ) -> None:
        self.queries, self.corpus, self.k, self.similarity = queries, corpus, k, similarity
        self.allowed = allowed
        self._lengths = norms(queries).astype(np.float64)
        everyone = np.arange(len(queries))
        # Of an empty window nothing need be looked at.
        least = np.where(allowed.lowest > allowed.highest, np.float32(np.inf), allowed.lowest)
        self._lowest = self._as_product(least, everyone)
        self._highest = self._as_product(allowed.highest, everyone)
        self._pool = Pool(len(queries), k, self._lowest)
        self.above = np.zeros(len(queries), np.int64)
        """Documents refused for a score above the window, once `answer` has been called."""

    def _as_product(
        self, scores: Float[ndarray, "m"], queries: Int[ndarray, "m"]
    ) -> Float[ndarray, "m"]:
        """Turn scores into what ``search_products.multiply`` gives for them."""
        if self.similarity != "euclidean":
            return scores
        distances = -np.minimum(scores.astype(np.float64), 0.0)
        products = (self._lengths[queries] ** 2 - distances**2) / 2
        return np.where(scores > 0, np.inf, products).astype(np.float32)

    def offer(
        self,
        products: Shaped[Tensor, "q b"],
        start: int,
        units: Float[ndarray, "q"],
        bounds: Float[ndarray, "q"],
        stored_error: float,
    ) -> int:
        """Take in the products with corpus rows ``start`` onwards.

        Args:
            products: as ``search_products.multiply`` gives them.
            start: the corpus row of the first column.
            units: what 1 in a query's products is worth.
            bounds: largest error of a query's products before they were stored.
            stored_error: relative error with which they are stored.

        Returns:
            How many pairs the products alone could not rule out.
        """
        flat = np.flatnonzero(_at_least(products, self._pool.threshold - bounds, units))
        queries = flat // products.shape[1]
        rows = flat - queries * products.shape[1] + start
        values = products.reshape(-1)[torch.from_numpy(flat)].float().numpy() * units[queries]
        errors = np.abs(values) * np.float32(stored_error) + bounds[queries]
        lower, upper = values - errors, values + errors
        possible = self._possible(queries, rows, lower)
        if possible is not None:
            queries, rows, lower, upper = (part[possible] for part in (queries, rows, lower, upper))
        # Near the ends of a window only the exact score tells: such a pair may displace nobody.
        uncertain = (lower < self._lowest[queries]) | (upper > self._highest[queries])
        self._pool.add(queries, rows, np.where(uncertain, -np.inf, lower), upper)
        return len(flat)

    def _possible(
        self,
        queries: Int[ndarray, "m"],
        rows: Int[ndarray, "m"],
        lower: Float[ndarray, "m"],
    ) -> Bool[ndarray, "m"] | None:
        possible = self.allowed.allows(queries, rows)
        if self.allowed.has_ceiling:
            below = lower <= self._highest[queries]
            self._count_above(queries[~below if possible is None else possible & ~below])
            possible = below if possible is None else possible & below
        return possible

    def _count_above(self, queries: Int[ndarray, "m"]) -> None:
        self.above += np.bincount(queries, minlength=len(self.above))

    def settle(self) -> bool:
        """If there are too many candidates, score them exactly and keep the best k of each query.

        Returns:
            Whether tighter bounds would help most of the queries.
        """
        if not self._pool.crowded():
            return False
        blurred = self._pool.blurred()
        scores, rows = self.answer()
        queries, places = np.nonzero(rows >= 0)
        exact = self._as_product(scores[queries, places], queries)
        self._pool = Pool(len(self.queries), self.k, self._pool.threshold)
        self._pool.add(queries, rows[queries, places], exact, exact)
        return blurred

    def answer(self) -> tuple[Float[ndarray, "q k"], Int[ndarray, "q k"]]:
        """Return the best of what was offered so far, best first, ties by row ascending.

        Raises:
            ArithmeticError: if a product lay outside its bounds, so that the answer is not sure.
        """
        scores = np.full((len(self.queries), self.k), -np.inf, np.float32)
        found = np.full((len(self.queries), self.k), -1, np.int64)
        queries, rows, upper = self._pool.candidates()
        exact = pair_scores(self.queries, queries, self.corpus, rows, self.similarity)
        if (self._as_product(exact, queries) > upper).any():
            raise ArithmeticError("products on this processor break their error bound")
        above = exact > self.allowed.highest[queries]
        self._count_above(queries[above])
        inside = (exact >= self.allowed.lowest[queries]) & ~above
        by_query = np.flatnonzero(inside)[_stable_order(queries[inside])]
        rows, exact = rows[by_query], exact[by_query]
        ends = np.cumsum(np.bincount(queries[inside], minlength=len(self.queries)))
        for query, (start, end) in enumerate(pairwise([0, *ends.tolist()])):
            best = start + np.argsort(-exact[start:end], kind="stable")[: self.k]
            scores[query, : len(best)], found[query, : len(best)] = exact[best], rows[best]
        return scores, found


def _at_least(
    products: Shaped[Tensor, "q b"], floors: Float[ndarray, "q"], units: Float[ndarray, "q"]
) -> Bool[ndarray, "q b"]:
    """Compare products with one floor a query.

    Floors are rounded as the products were: rounding keeps order, so nothing is lost. Positive
    bf16 numbers are ordered as their bits, and integers compare four times faster.
    """
    if products.dtype == torch.int32:
        whole = np.floor(floors.astype(np.float64) / units) - 1  # 1: the division is rounded
        least = whole.clip(-_MOST, _MOST).astype(np.int32)[:, None]
        reached: Bool[ndarray, "q b"] = np.greater_equal(products.numpy(), least)
        return reached
    limit = torch.from_numpy(floors).to(products.dtype).unsqueeze(1)
    if products.dtype == torch.bfloat16 and bool((limit > 0).all()):
        bits, limits = products.view(torch.int16).numpy(), limit.view(torch.int16).numpy()
        above: Bool[ndarray, "q b"] = np.greater_equal(bits, limits)
        return above
    return torch.ge(products, limit).numpy()


def _stable_order(queries: Int[ndarray, "m"]) -> Int[ndarray, "m"]:
    """Return where each query's entries stand, in their order; short integers sort by radix."""
    order: Int[ndarray, " m"] = np.argsort(queries.astype(np.int16), kind="stable")
    return order
