"""A bank and the pairs over it, as the training and the scoring of a query tower read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.seeds import generator
from gonogo.data.files.manifest import read_manifest
from gonogo.data.files.places import find_folder
from gonogo.data.next_vector.bank import find_bank
from gonogo.data.next_vector.sequences import Bank, Pairs, open_bank, open_pairs

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class NextVectors:
    """Contexts of bank rows, and the row that comes next.

    Attributes:
        bank: every vector.
        pairs: contexts and targets as rows of it.
    """

    bank: Bank
    pairs: Pairs

    @property
    def train(self) -> Numbers:
        """Return the numbers of the pairs to learn from."""
        return np.flatnonzero(self.pairs.train)

    @property
    def validation(self) -> Numbers:
        """Return the numbers of the pairs of held-out articles."""
        return np.flatnonzero(self.pairs.validation)

    def contexts(self, numbers: Numbers) -> NDArray[np.float32]:
        """Return contexts (n t d) at length 1, oldest first, zeros in front of short ones."""
        return self.bank.take(self.pairs.contexts[numbers])

    def present(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Return (n t) false where a context was padded."""
        there: NDArray[np.bool_] = self.pairs.contexts[numbers] >= 0
        return there

    def targets(self, numbers: Numbers) -> NDArray[np.float32]:
        """Return the vectors (n d) that come next, at length 1."""
        return self.bank.take(self.pairs.targets[numbers])

    def own_rows(self, numbers: Numbers) -> list[list[int]]:
        """Return the bank rows of each context: known, so never an answer and never a negative.

        The target is left out where the same row stands in the context too.
        """
        rows = zip(self.pairs.contexts[numbers], self.pairs.targets[numbers], strict=True)
        return [np.unique(row[(row >= 0) & (row != target)]).tolist() for row, target in rows]

    def query_ids(self, numbers: Numbers) -> list[str]:
        """Return the pairs' names as TREC files can hold them, without spaces."""
        return [quote(str(name), safe="/:@+,()&=;!'*~") for name in self.pairs.ids[numbers]]

    def sample(self, numbers: Numbers, most: int | None, *names: str) -> Numbers:
        """Return at most so many of some pairs, in their order; the same for every arm and seed."""
        if most is None or most >= len(numbers):
            return numbers
        chosen = generator(0, "next_vectors", *names).permutation(len(numbers))[:most]
        return numbers[np.sort(chosen)]


def count_validation_pairs(folder: str, *, beside: Path | None = None) -> int:
    """Return how many pairs a folder holds out, by its manifest; opens nothing else.

    Raises:
        UserError: if it is not to be found, or holds no pairs.
    """
    path = find_folder(folder, beside=beside)
    return int(read_manifest(path, "pairs")["validation"])


def open_next_vectors(
    folder: str, *, bank: str | None = None, beside: Path | None = None
) -> NextVectors:
    """Open a folder of pairs, and its bank, as a study names them.

    Args:
        folder: of the pairs.
        bank: in place of the one that the pairs recorded: it moved, or copied row for row.
        beside: the folder of the study file, where both are looked for first.

    Raises:
        UserError: if they are not to be found, no longer match their manifests, or one side of
            the split is empty.
    """
    path = find_folder(folder, beside=beside)
    pairs = open_pairs(path, bank=None if bank is None else find_bank(bank, beside=beside))
    opened = NextVectors(open_bank(pairs.bank_path), pairs)
    for side in ("train", "validation"):
        if not len(getattr(opened, side)):
            raise UserError(f"no {side} pairs", file=path)
    return opened
