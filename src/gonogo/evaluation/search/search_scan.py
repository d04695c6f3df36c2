"""The pass of a search over its corpus, in whichever format of products costs least.

The coarser a format, the faster its products and the more pairs they leave to be scored. So the
pass starts in bf16, or fp32 where the processor has no bf16, and now and then tries int8: once many
documents are seen, the k-th best score may rule out enough. What is chosen follows from the vectors
alone, and has no effect on what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from threading import local

import torch
from jaxtyping import Shaped
from numpy import ndarray

from gonogo.core.types import Similarity
from gonogo.evaluation.search import search_products as products
from gonogo.evaluation.search.search_run import QueryRun

_AGAIN = 16_384  # documents from one trial of int8 to the next
_TRIED = 512  # documents of a trial
_PAYS = 2.5e-6  # pairs left, over queries x documents x dimension, below which int8 is faster


class Scan:
    """Multiplies blocks of the corpus with runs of queries, each on a core of its own.

    Args:
        runs: queries and what was found for them.
        similarity: how embeddings are compared.
        forms: formats to choose from, the finest first.
        cores: threads.
    """

    def __init__(
        self,
        runs: list[QueryRun],
        similarity: Similarity,
        forms: Sequence[products.Format],
        cores: Executor,
    ) -> None:
        self.runs, self.similarity, self.cores = runs, similarity, cores
        self._memory = local()
        self._forms = forms
        self._next_try = _AGAIN
        self._queries: dict[products.Format, list[products.Rounded]] = {}
        self._use(([form for form in forms if form != "int8"] or forms)[-1])

    def _use(self, form: products.Format) -> None:
        self.form: products.Format = form
        self._unit: float | None = None
        self._rounding = products.Rounding(self.similarity, form, self.cores)
        if form not in self._queries:
            self._queries[form] = [self._rounding.vectors(run.queries) for run in self.runs]

    def over(self, vectors: Shaped[ndarray, "b d"], start: int) -> None:
        """Offer every query the documents from corpus row ``start`` on."""
        if "int8" in self._forms and self.form != "int8" and start >= self._next_try:
            self._next_try, before, tried = start + _AGAIN, self.form, vectors[:_TRIED]
            self._use("int8")
            left = self._offer_all(tried, start)
            if left > _PAYS * tried.size * sum(len(run.queries) for run in self.runs):
                self._use(before)
            vectors, start = vectors[_TRIED:], start + _TRIED
        if len(vectors):
            self._offer_all(vectors, start)

    def _offer_all(self, vectors: Shaped[ndarray, "b d"], start: int) -> int:
        """Return how many pairs the products could not rule out."""
        block = self._rounding.block(vectors, self._unit)
        self._unit = float(block.units[0])
        offers = self.cores.map(
            partial(self._offer, block, start), self.runs, self._queries[self.form]
        )
        left, blurred = zip(*offers, strict=True)
        if any(blurred) and self.form != "fp32":
            self._forms = self._forms[: self._forms.index(self.form)] or ("fp32",)
            self._use(self._forms[-1])
        return sum(left)

    def _offer(
        self, block: products.Rounded, start: int, run: QueryRun, queries: products.Rounded
    ) -> tuple[int, bool]:
        out = self._room(len(queries.lengths) * len(block.lengths))
        values = products.multiply(queries, block, self.similarity, out)
        bounds = products.error_bounds(queries, block, self.similarity)
        units = products.product_units(queries, block)
        left = run.offer(values, start, units, bounds, products.stored_error(self.form))
        return left, run.settle()

    def _room(self, size: int) -> Shaped[torch.Tensor, "_"]:
        """Return this core's memory for products, reused from block to block."""
        out: torch.Tensor | None = getattr(self._memory, "out", None)
        if out is None or out.numel() < size or out.dtype != products.product_type(self.form):
            out = self._memory.out = torch.empty(size, dtype=products.product_type(self.form))
        return out
