"""A bank kept ready for single queries: one product with int8 codes, the best scored in full."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, Int8, Shaped
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import pad

from gonogo.data.vectors.vectors import unit_length

_BLOCK = 65_536  # rows read at once
_SPARE = 1.25  # candidates of the rounded pass for each row that is wanted
_GROUP = 32  # columns that the kernel reads at once, past the end of a row of another width


class BankIndex:
    """Unit vectors as int8 codes in memory: a quarter of the bytes that a query must read.

    `gonogo.evaluation.search.search` prepares the bank anew in each call, which thousands of
    queries share and one cannot afford. Here the bank is prepared once, a scale a row; a query's
    candidates are a quarter more than it wants, by the rounded products, and are then scored in
    fp32. What rounding (3 digits) ranks below all of those is not found: this is no exact search,
    and the cascade tells its recall.

    Args:
        vectors: of the bank, memory-mapped or not, of any length.
    """

    def __init__(self, vectors: Shaped[ndarray, "n d"]) -> None:
        rows, width = vectors.shape
        self._exact = vectors
        self._codes = torch.zeros((rows, width + -width % _GROUP), dtype=torch.int8)
        self._scales = torch.empty(rows, dtype=torch.bfloat16)
        for start in range(0, rows, _BLOCK):
            block = torch.from_numpy(unit_length(vectors[start : start + _BLOCK]))
            there = slice(start, start + len(block))
            self._codes[there, :width], self._scales[there] = _rounded(block)

    def __len__(self) -> int:
        return len(self._codes)

    def scores(
        self,
        query: Float[ndarray, "d"],
        rows: Int[ndarray, "k"],
        handicaps: Float[ndarray, "n"] | None = None,
    ) -> Float[ndarray, "k"]:
        """Return the cosines of some rows with a query, less their handicaps, in fp32."""
        there = torch.from_numpy(unit_length(self._exact[rows]))
        # By torch: numpy would wake threads of its own, which then stand in the way of torch's.
        cosines: Float[ndarray, "k"] = (there @ torch.from_numpy(unit_length(query))).numpy()
        return cosines if handicaps is None else cosines - handicaps[rows]

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
            handicaps: of each query, one number a row (`gonogo.evaluation.next_vector.hubness`),
                or None.
        """
        units = unit_length(np.stack(queries))
        products = self._products(torch.from_numpy(units))
        if barred:
            products[:, torch.tensor(list(barred))] = -torch.inf
        depth = len(self) - len(barred)
        return [
            self._best(unit, row, min(k, depth), min(int(k * _SPARE) + 1, depth), handicap)
            for unit, row, handicap in zip(
                units, products, handicaps or [None] * len(units), strict=True
            )
        ]

    def _products(self, units: Float[Tensor, "q d"]) -> Float[Tensor, "q n"]:
        """Return the cosines, rounded; the kernel is what torch multiplies int8 weights with."""
        wide = pad(units, (0, self._codes.shape[1] - units.shape[1])).bfloat16()
        products: Float[Tensor, "q n"] = torch.ops.aten._weight_int8pack_mm(
            wide, self._codes, self._scales
        )
        return products

    def _best(
        self,
        unit: Float[ndarray, "d"],
        products: Tensor,
        wanted: int,
        candidates: int,
        handicap: Float[ndarray, "n"] | None,
    ) -> tuple[Int[ndarray, "_"], Float[ndarray, "_"]]:
        """Score the best of the rounded products in fp32."""
        if handicap is not None:
            products = products.float() - torch.from_numpy(handicap)
        rows = np.sort(torch.topk(products, candidates, sorted=False).indices.numpy())
        scores = self.scores(unit, rows, handicap)
        best = np.argsort(-scores, kind="stable")[:wanted]
        return rows[best], scores[best]


def _rounded(
    block: Float[Tensor, "b d"],
) -> tuple[Int8[Tensor, "b d"], Float[Tensor, "b"]]:
    """Return whole numbers of at most 127 and the scale of each row that they are multiples of."""
    # A row of zeros has no scale; one below what bf16 holds would make its codes NaN.
    scales = (block.abs().amax(dim=1) / 127).clamp_min(1e-6).bfloat16()
    codes = (block / scales.float().unsqueeze(1)).round().clamp(-127, 127)
    return codes.to(torch.int8), scales
