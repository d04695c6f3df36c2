"""Softmax cross-entropy over a query's documents (ListNet: Cao et al., ICML 2007, top-one case).

A list's loss is the cross-entropy between the softmax of its scores and the even distribution over
its relevant documents. Only differences within a list count: a constant added to a query's scores
changes nothing, which is what ranking asks for and what a pointwise loss has to learn first.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def listwise_softmax(
    scores: Float[Tensor, "n"],
    labels: Int[Tensor, "n"],
    lists: Int[Tensor, "n"],
    *,
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    """Return the mean over lists of ``-mean_{d relevant} log softmax(scores / temperature)_d``.

    Args:
        scores: raw scores of pairs, a list's pairs side by side.
        labels: 1 for relevant, 0 for irrelevant; every list holds a relevant one.
        lists: the number of each pair's list, ascending.
        temperature: scores are divided by this.

    Raises:
        ValueError: where a list holds no relevant pair, so that nothing could be learned from it.
    """
    scores = scores.float() if scores.itemsize < 4 else scores
    _, places, lengths = torch.unique_consecutive(lists, return_inverse=True, return_counts=True)
    starts = lengths.cumsum(0) - lengths
    column = torch.arange(len(lists), device=lists.device) - starts[places]
    shape = (len(lengths), int(lengths.max()))
    relevant = labels.new_zeros(shape, dtype=torch.bool)
    relevant[places, column] = labels > 0
    if not bool(relevant.any(dim=1).all()):
        raise ValueError("a list without a relevant document")
    table = scores.new_full(shape, -torch.inf)
    table[places, column] = scores / temperature
    logs = torch.where(relevant, torch.log_softmax(table, dim=1), table.new_zeros(()))
    return -(logs.sum(dim=1) / relevant.sum(dim=1)).mean()
