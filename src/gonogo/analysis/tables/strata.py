"""Paired per-query scores by data set: what every statistic here is a function of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

Values = Sequence[Float[np.ndarray, "_ _"]]
"""One array a data set; rows are seeds (the same trained models throughout), columns queries."""

Strata = Sequence[tuple[Float[np.ndarray, "_ _"], Float[np.ndarray, "_ _"]]]
"""One (reference, candidate) pair a data set, (seeds, queries) each, queries in the same order in
both; seeds too, unless the arms have seeds of their own."""


Clusters = Sequence[Int[np.ndarray, " _"] | None]
"""Of each data set, the cluster of each query (0, 1, ...); None where every query is its own."""


def check_values(values: Values) -> None:
    """Refuse anything that is not a full seeds x queries layout.

    Raises:
        ValueError: for no data set, an empty one, seed counts that differ, or NaN and infinities.
    """
    if not values:
        raise ValueError("no data sets")
    for position, block in enumerate(values):
        if block.ndim != 2 or 0 in block.shape:
            raise ValueError(f"data set {position} has shape {block.shape}, not (seeds, queries)")
        if len(block) != len(values[0]):
            raise ValueError(f"data set {position} has {len(block)} seeds, not {len(values[0])}")
        if not np.isfinite(block).all():
            raise ValueError(f"data set {position} holds NaN or infinities")


def check_strata(strata: Strata) -> None:
    """Refuse pairs that do not match.

    Raises:
        ValueError: as ``check_values``, or where the two arms differ in shape.
    """
    check_values([block for pair in strata for block in pair])
    for position, (reference, candidate) in enumerate(strata):
        if reference.shape != candidate.shape:
            raise ValueError(
                f"data set {position}: reference {reference.shape}, candidate {candidate.shape}"
            )


def differences(strata: Strata) -> list[Float[np.ndarray, "seeds _"]]:
    """Return candidate - reference for each data set, seed and query."""
    check_strata(strata)
    return [candidate - reference for reference, candidate in strata]


def seed_means(values: Values) -> Float[np.ndarray, " seeds"]:
    """Average each seed over queries and then, with equal weight, over data sets."""
    means: Float[np.ndarray, " seeds"] = np.mean([block.mean(axis=1) for block in values], axis=0)
    return means


def count_queries(values: Values) -> int:
    """Return the number of (data set, query) pairs."""
    return sum(block.shape[1] for block in values)
