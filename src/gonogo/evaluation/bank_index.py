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
        self, queries: Sequence[Float[ndarray, "d"]], k: int, barred: Collection[int] = ()
    ) -> list[tuple[Int[ndarray, "_"], Float[ndarray, "_"]]]:
        """Return each query's best rows and their cosines, best first, in one pass over the bank.

        Args:
            queries: of any length.
            k: rows wanted; there are fewer where the bank is smaller.
            barred: rows that are not to be found.
        """
        units = unit_length(np.stack(queries))
        products = torch.from_numpy(units).bfloat16() @ self._half.T
        if barred:
            products[:, torch.tensor(list(barred))] = -torch.inf
        return [self._best(unit, row, k, barred) for unit, row in zip(units, products, strict=True)]

    def _best(
        self, unit: Float[ndarray, "d"], products: Tensor, k: int, barred: Collection[int]
    ) -> tuple[Int[ndarray, "_"], Float[ndarray, "_"]]:
        """Score the best of the bf16 products in fp32."""
        wanted = min(len(self) - len(barred), k)
        depth = min(len(self) - len(barred), int(k * _SPARE) + 1)
        rows = torch.topk(products, depth, sorted=False).indices.numpy()
        rows = np.sort(rows)
        scores = self.vectors(rows) @ unit
        best = np.argsort(-scores, kind="stable")[:wanted]
        return rows[best], scores[best]
