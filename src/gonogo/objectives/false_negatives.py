"""Random negatives that the teacher holds for near neighbours, masked row by row.

A bound on the teacher's score, as the absolute one that NV-Retriever compares for mined negatives
(arXiv 2407.15831), or a share of each row.
"""

from __future__ import annotations

from typing import Literal, assert_never

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.objectives.selection import largest

FalseNegativeMode = Literal["threshold", "top_percent", "none"]


def drop_false_negatives(
    cosines: Float[Tensor, "b m"],
    kept: Bool[Tensor, "b m"],
    mode: FalseNegativeMode,
    *,
    threshold: float = 0.8,
    percent: float = 2.0,
) -> Bool[Tensor, "b m"]:
    """Return ``kept`` without the columns that are likely to be relevant to the row's anchor.

    Each row loses its own columns and no other; none is cut to the length of another.

    Args:
        cosines: the teacher's, of each anchor to each negative.
        kept: false for columns that are masked already, by id for example.
        mode: ``threshold`` drops cosines above ``threshold``; ``top_percent`` drops the nearest
            ``percent`` of the row's kept columns, rounded down, ties to the earlier column;
            ``none`` drops nothing.
        threshold: a cosine; one that equals it stays.
        percent: 0 to 100.

    Raises:
        ValueError: if ``percent`` is outside 0 to 100.
    """
    match mode:
        case "none":
            return kept
        case "threshold":
            return kept & (cosines <= threshold)
        case "top_percent":
            if not 0 <= percent <= 100:
                raise ValueError(f"{percent} percent is not between 0 and 100")
            # In float64, and nudged: 2 % of 50 is 1, whatever the rounding of 0.02 says.
            share = kept.sum(dim=1).double() * percent / 100
            count = (share + 1e-9).floor().to(torch.int64)
            return kept & ~largest(cosines, kept, count)
        case _:
            assert_never(mode)


def dropped_ratio(before: Bool[Tensor, "b m"], after: Bool[Tensor, "b m"]) -> Float[Tensor, ""]:
    """Return the share of the columns kept before that are gone after, 0 where none was kept."""
    held = before.sum()
    return (before & ~after).sum() / held.clamp(min=1)
