"""A bank kept ready for single queries: one product in half precision, the best scored in full."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from numpy import ndarray
from torch import Tensor

from gonogo.data.vectors import unit_length

_BLOCK = 65_536  # rows read at once
_SPARE = 1.25  # candidates of the half-precision pass for each row that is wanted


class BankIndex:
    """Unit vectors in bf16 in memory: half the bytes that a query must read.

    `gonogo.evaluation.search` prepares the bank anew in each call, which thousands of queries share
    and one cannot afford. Here the bank is prepared once; a query's candidates are a quarter more
    than it wants, by bf16 products, and are then scored in fp32. What bf16 (3 digits) ranks below
    all of those is not found: this is no exact search, and the cascade tells its recall.

    Args:
        vectors: of the bank, memory-mapped or not, of any length.
    """

    def __init__(self, vectors: Shaped[ndarray, "n d"]) -> None:
        self._exact = vectors
        self._half = torch.empty(vectors.shape, dtype=torch.bfloat16)
        for start in range(0, len(vectors), _BLOCK):
            block = unit_length(vectors[start : start + _BLOCK])
            self._half[start : start + len(block)] = torch.from_numpy(block)

    def __len__(self) -> int:
        return len(self._half)

    def vectors(self, rows: Int[ndarray, "k"]) -> Float[ndarray, "k d"]:
        """Return rows at length 1, in fp32."""
        return unit_length(self._exact[rows])

    def nearest(
        self,
        queries: Sequence[Float[ndarray, "d"]],
        k: int,
        barred: Collection[int] = (),
        handicaps: Sequence[Float[ndarray, "n"] | None] | None = None,
    ) -> list[tuple[Int[ndarray, "_"], Float[ndarray, "_"]]]:
        """Return each query's best rows and their scores, best first, in one pass over the bank.

        A row's score is its cosine, less the handicap that the query brings for it.

        Args:
            queries: of any length.
            k: rows wanted; there are fewer where the bank is smaller.
            barred: rows that are not to be found.
            handicaps: of each query, one number a row (`gonogo.evaluation.hubness`), or None.
        """
        units = unit_length(np.stack(queries))
        products = torch.from_numpy(units).bfloat16() @ self._half.T
        if barred:
            products[:, torch.tensor(list(barred))] = -torch.inf
        depth = len(self) - len(barred)
        return [
            self._best(unit, row, min(k, depth), min(int(k * _SPARE) + 1, depth), handicap)
            for unit, row, handicap in zip(
                units, products, handicaps or [None] * len(units), strict=True
            )
        ]

    def _best(
        self,
        unit: Float[ndarray, "d"],
        products: Tensor,
        wanted: int,
        candidates: int,
        handicap: Float[ndarray, "n"] | None,
    ) -> tuple[Int[ndarray, "_"], Float[ndarray, "_"]]:
        """Score the best of the bf16 products in fp32."""
        if handicap is not None:
            products = products.float() - torch.from_numpy(handicap)
        rows = np.sort(torch.topk(products, candidates, sorted=False).indices.numpy())
        scores = self.vectors(rows) @ unit
        if handicap is not None:
            scores -= handicap[rows]
        best = np.argsort(-scores, kind="stable")[:wanted]
        return rows[best], scores[best]
