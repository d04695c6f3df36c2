"""Reciprocal-rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

CONSTANT = 60.0


def fuse(
    rankings: Sequence[Int[ndarray, "_"]], k: int, *, constant: float = CONSTANT
) -> tuple[Int[ndarray, "m"], Float[ndarray, "m"]]:
    """Return the best k rows by ``sum over rankings of 1 / (constant + rank)``, ranks from 1.

    A row that a ranking does not hold gets nothing from it; ties go to the smaller row.
    """
    rows = np.concatenate([*rankings, np.empty(0, np.int64)])
    shares = [1.0 / (constant + np.arange(1, len(ranking) + 1)) for ranking in rankings]
    distinct, places = np.unique(rows, return_inverse=True)
    scores = np.bincount(places, np.concatenate([*shares, np.empty(0)]), minlength=len(distinct))
    best = np.argsort(-scores, kind="stable")[:k]
    return distinct[best].astype(np.int64), scores[best].astype(np.float64)
