"""Queries that nothing trained: what a query tower must beat, measured on the same pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from gonogo.core.seeds import generator
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.next_vector.next_vector import QuerySource, find_next, ranks, recalls

GRID = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
_BLOCK = 1024


def weighted_mean(
    context: Float[ndarray, "n t d"], present: Bool[ndarray, "n t"], alpha: float
) -> Float[ndarray, "n d"]:
    """Return exponentially weighted means: the k-th vector from the end weighs (1 - alpha)^k.

    Alpha 1 is the last vector alone, 0 the plain mean; padding, in front, weighs nothing.
    """
    ages = np.arange(context.shape[1])[::-1]
    weights = np.where(present, np.float64(1.0 - alpha) ** ages, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    means: Float[ndarray, "n d"] = np.einsum("nt,ntd->nd", weights.astype(np.float32), context)
    return means


def weighted_mean_queries(alpha: float) -> QuerySource:
    """Return the weighted mean as a source of queries."""

    def queries(data: NextVectors, numbers: Int[ndarray, "n"]) -> Float[ndarray, "n d"]:
        blocks = [numbers[start : start + _BLOCK] for start in range(0, len(numbers), _BLOCK)]
        means = [weighted_mean(data.contexts(b), data.present(b), alpha) for b in blocks]
        return np.concatenate([np.empty((0, data.bank.dimension), np.float32), *means])

    return queries


def oracle_queries() -> QuerySource:
    """Return the targets themselves: what duplicates and masks leave possible."""
    return lambda data, numbers: data.targets(numbers)


def random_queries(seed: int) -> QuerySource:
    """Return directions drawn evenly, one a pair: chance."""

    def queries(data: NextVectors, numbers: Int[ndarray, "n"]) -> Float[ndarray, "n d"]:
        draws = generator(seed, "random_vector")
        return draws.standard_normal((len(numbers), data.bank.dimension), dtype=np.float32)

    return queries


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best weight, and what was tried.

    Attributes:
        alpha: of the best recall; of equal ones the largest.
        tried: recall of each alpha.
        pairs: training pairs that were asked.
    """

    alpha: float
    tried: dict[float, float]
    pairs: int


def tune_alpha(
    data: NextVectors,
    *,
    cutoff: int,
    mask_context: bool,
    grid: Sequence[float] = GRID,
    most: int = 1000,
) -> Tuned:
    """Find the weight of the best recall on training pairs; held-out articles are not looked at.

    Args:
        data: bank and pairs.
        cutoff: of the recall.
        mask_context: as in the evaluation.
        grid: weights to try.
        most: training pairs asked.
    """
    numbers = data.sample(data.train, most, "tune")
    targets = data.pairs.targets[numbers]
    tried = {}
    for alpha in grid:
        queries = weighted_mean_queries(alpha)(data, numbers)
        found = find_next(queries, data, numbers, cutoff, mask_context=mask_context)
        tried[alpha] = recalls(ranks(found, targets), [cutoff])[f"R@{cutoff}"]
    return Tuned(max(tried, key=lambda alpha: (tried[alpha], alpha)), tried, len(numbers))
