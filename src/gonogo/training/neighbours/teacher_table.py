"""Vectors of one or several corpora by global number, and their neighbours: what a student sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, Shaped
from numpy import ndarray
from torch import Tensor

from gonogo.core.progress import Progress
from gonogo.data.vectors.held_out import HeldOut, hold_out
from gonogo.data.vectors.vectors import row_blocks, unit_length
from gonogo.evaluation.encoding.corpus_vectors import CorpusVectors
from gonogo.evaluation.neighbours.neighbours import Nearest, true_neighbours
from gonogo.models.heads.residual_bf16 import with_ones

_BLOCK = 8192


class TeacherTable:
    """Corpora one after another; a row's number in its corpus plus what stands before it.

    Vectors and neighbours stay in their files, memory-mapped.

    Args:
        corpora: of equal width.
        neighbours: nearest others kept of each document, all of its own corpus.
        held_out: documents of each corpus that are no anchors.
        progress: shown bars.

    Raises:
        UserError: if a corpus is too small.
    """

    def __init__(
        self,
        corpora: Sequence[CorpusVectors],
        neighbours: int,
        held_out: int,
        progress: Progress | None = None,
    ) -> None:
        self.corpora = tuple(corpora)
        self._starts = np.cumsum([0, *(len(corpus) for corpus in corpora)])
        self._nearest = [true_neighbours(each, neighbours, progress=progress) for each in corpora]
        self.parts: list[HeldOut] = [hold_out(each.base, held_out) for each in corpora]
        starts = self._starts[:-1]
        anchors = [part.anchors + at for part, at in zip(self.parts, starts, strict=True)]
        self.anchors: Int64[ndarray, "a"] = np.concatenate(anchors)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def dimension(self) -> int:
        """Return the width of the vectors."""
        return int(self.corpora[0].base.shape[1])

    def base(self, numbers: Int64[ndarray, "m"]) -> Float[ndarray, "m d"]:
        """Return vectors as they are, in fp32."""
        return self._gather([corpus.base for corpus in self.corpora], numbers, np.float32)

    def unit(self, numbers: Int64[ndarray, "m"]) -> Float[ndarray, "m d"]:
        """Return vectors at length 1."""
        return unit_length(self.base(numbers))

    def rounded(self) -> Float[Tensor, "n w"]:
        """Return all vectors at length 1 in memory, as products of bf16 factors read them."""
        blocks = (torch.from_numpy(self.unit(rows)) for rows in row_blocks(len(self), _BLOCK))
        return torch.cat([with_ones(block) for block in blocks])

    def nearest(self, numbers: Int64[ndarray, "b"]) -> Nearest:
        """Return the cosines to, and the global numbers of, the nearest others of each row."""
        cosines = self._gather([each.cosines for each in self._nearest], numbers, np.float32)
        rows = self._gather([each.rows for each in self._nearest], numbers, np.int64)
        return Nearest(cosines, rows + self._starts[self._corpus(numbers)][:, None])

    def looked_at(
        self, k: int
    ) -> Iterator[tuple[Int64[ndarray, "q"], CorpusVectors, Int[ndarray, "q k"]]]:
        """Yield rows to look at, the corpus, and the k documents of it nearest to each row."""
        for corpus, part, nearest in zip(self.corpora, self.parts, self._nearest, strict=True):
            yield part.validation, corpus, nearest.rows[part.validation, :k]

    def _corpus(self, numbers: Int64[ndarray, "m"]) -> Int64[ndarray, "m"]:
        return np.searchsorted(self._starts, numbers, side="right") - 1

    def _gather(
        self, tables: Sequence[Shaped[ndarray, "_ d"]], numbers: Int64[ndarray, "m"], kind: type
    ) -> Shaped[ndarray, "m d"]:
        if len(tables) == 1:
            return np.asarray(tables[0][numbers], dtype=kind)
        held = self._corpus(numbers)
        out: Shaped[ndarray, "m d"] = np.empty((len(numbers), tables[0].shape[1]), dtype=kind)
        for corpus in np.unique(held).tolist():
            here = held == corpus
            out[here] = tables[corpus][numbers[here] - self._starts[corpus]]
        return out
