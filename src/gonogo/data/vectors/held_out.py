"""Documents that are kept from training: the same ones for every arm, seed and process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.seeds import generator
from gonogo.data.vectors.vectors import row_digests

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class HeldOut:
    """Which rows of a corpus may be anchors, and which are asked.

    Attributes:
        validation: looked at while training.
        evaluation: asked by the evaluation alone.
        anchors: all other rows, without copies of held-out ones.
    """

    validation: Rows
    evaluation: Rows
    anchors: Rows


def hold_out(vectors: NDArray[np.floating], count: int) -> HeldOut:
    """Draw the rows that are never anchors; all three parts ascend and share no row.

    The draw depends on the number of rows alone. A document whose vector equals a held-out one's
    in every bit is no anchor either: training on it would be training on the held-out one.

    Args:
        vectors: of the whole corpus (n d).
        count: rows to hold out; the first half validates, the other is evaluated.

    Raises:
        UserError: if less than half of the corpus would be left.
    """
    if 2 * count > len(vectors):
        raise UserError(
            f"{count:,} held-out documents of a corpus of {len(vectors):,}",
            place="held_out",
            hint=f"hold out {len(vectors) // 2:,} at most",
        )
    drawn = generator(0, "held_out", len(vectors)).permutation(len(vectors))[:count]
    half = count // 2
    kept = np.ones(len(vectors), dtype=bool)
    if count:
        digests = row_digests(vectors)
        kept = ~np.isin(digests, digests[drawn])
    return HeldOut(
        np.sort(drawn[:half]).astype(np.int64),
        np.sort(drawn[half:]).astype(np.int64),
        np.flatnonzero(kept).astype(np.int64),
    )
