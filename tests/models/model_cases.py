"""Texts, pairs and padding by hand, for the tests of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

TEXTS = ["how do I read a file", "sum", "return the sum of two arrays along the given axis " * 3]
PAIRS = [("how do I read a file", "line by line"), ("sum", "of two arrays " * 9), ("axis", "yes")]


def padded(
    rows: Sequence[Sequence[int]], pad_id: int, side: Literal["left", "right"] = "right"
) -> tuple[Tensor, Tensor]:
    """Return ids and mask of rows filled up on one side."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad_id)
    mask = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        places = slice(0, len(row)) if side == "right" else slice(longest - len(row), longest)
        ids[index, places] = torch.tensor(row)
        mask[index, places] = 1
    return ids, mask
