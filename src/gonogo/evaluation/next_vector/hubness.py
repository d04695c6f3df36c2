"""Hubs, rows of a bank that are near to far too many queries, ranked down (inverted softmax).

Smith et al. 2017 (arXiv 1702.03859) divide a row's softmax score by what it gets from all queries
together; Bogolin et al. 2022 (arXiv 2112.12777) take a bank of training queries for them. In logs::

    s_ij = q_i . d_j - w r_j        r_j = T log mean_l exp(q_l . d_j / T)

over training queries l. A row's r is a number of its own, so that an index holds it as one more
coordinate: (q, 1) . (d, -w r).
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from gonogo.data.next_vector.bank import Bank
from gonogo.data.vectors.vectors import row_blocks, unit_length
from gonogo.evaluation.search.search import Filters, Found, search

_BLOCK = 8192  # rows of the bank at once


def hub_scores(
    queries: Float[ndarray, "m d"], bank: Bank, temperature: float
) -> Float[ndarray, "n"]:
    """Return r of each row of the bank, in cosine: the higher, the more queries it is near to.

    Args:
        queries: of training pairs, never of those that are asked.
        bank: the vectors that are ranked.
        temperature: T; near 0 only a row's nearest query counts.

    Raises:
        ValueError: if there is no query, or T is not above 0.
    """
    if not len(queries) or temperature <= 0:
        raise ValueError(f"{len(queries)} queries at a temperature of {temperature}")
    unit = torch.from_numpy(unit_length(queries))
    scores = np.empty(len(bank), dtype=np.float32)
    for rows in row_blocks(len(bank), _BLOCK):
        cosines = torch.from_numpy(bank.take(rows)) @ unit.T
        # Cosines end at 1: a shift by 1 / T keeps every exponential below 1.
        sums = cosines.sub_(1.0).div_(temperature).logsumexp(dim=1)
        scores[rows] = (1.0 + temperature * (sums - np.log(len(queries)))).numpy()
    return scores


def search_without_hubs(
    queries: Float[ndarray, "n d"],
    bank: Bank,
    handicaps: Float[ndarray, "rows"],
    depth: int,
    filters: Filters,
) -> Found:
    """Search the whole bank, exactly, for the rows of the highest cosine less handicap.

    The lengthened bank lies in a temporary file while it is searched.

    Args:
        queries: what is asked.
        bank: what is ranked.
        handicaps: w r of each row of the bank.
        depth: rows wanted a query.
        filters: what may not be found.
    """
    asked = np.concatenate([unit_length(queries), np.ones((len(queries), 1), np.float32)], axis=1)
    with TemporaryDirectory(prefix="gonogo_bank_") as temporary:
        path = Path(temporary) / "vectors.npy"
        shape = len(bank), bank.dimension + 1
        longer = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        for rows in row_blocks(len(bank), _BLOCK):
            longer[rows, :-1], longer[rows, -1] = bank.take(rows), -handicaps[rows]
        found = search(asked, longer, depth, "dot", filters=filters)
        del longer  # or the file stays open where the folder is removed
        return found
