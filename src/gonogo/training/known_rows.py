"""Bank rows that are known not to be a pair's negatives."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from gonogo.data.next_vectors import NextVectors
from gonogo.evaluation.search import Filters, search

_REPEATS = 16  # most rows of the bank that count as one target's repeats


def known_rows(
    data: NextVectors, numbers: Int64[np.ndarray, "n"], duplicate_above: float
) -> Int64[Tensor, "n k"]:
    """Return the rows of each pair's context and those that repeat its target; -1 pads.

    Args:
        data: bank and pairs.
        numbers: of the pairs.
        duplicate_above: cosine with the target above which a row repeats it.
    """
    targets = data.pairs.targets[numbers]
    least = np.nextafter(np.float32(duplicate_above), np.float32(2))
    above = Filters(lowest=float(least))
    wanted = data.bank.take(targets)
    repeats = search(wanted, data.bank.vectors, _REPEATS, "cosine", filters=above).rows
    contexts = data.pairs.contexts[numbers]
    contexts = np.where(contexts == targets[:, None], -1, contexts)
    return torch.from_numpy(np.concatenate([contexts, repeats], axis=1))
