"""Thousands of simulated studies at once: ``statistics.variance`` in bulk.

Scores are those of ``simulated_scores``. Arrays have axes (studies, seeds, queries), one a data
set. Whether Fieller's interval of TIR lies above or below a line needs no inversion: it does if the
mean of (R - C) - line * R lies outside of that mean's own interval around zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from simulated_scores import Case

from gonogo.analysis.statistics.variance import half_width

_NDCG = np.concatenate([[0.0], 1 / np.log2(1.0 + np.arange(1, 11)), [0.0]]).astype(np.float32)
Array = np.ndarray


def _ndcg(z: Array) -> Array:
    rank = np.clip(np.ceil(np.exp(np.minimum(z, 3.0))), 1, 11).astype(np.int8)
    found: Array = _NDCG[rank]
    return found


@dataclass(frozen=True)
class Arm:
    """How one arm's scores come about; see ``simulated_scores.study``."""

    shift: float = 0.0
    trained: bool = True
    """Whether seeds differ; a model without training has none, and one run."""


def draw(
    case: Case, seed_sd: float, arms: tuple[Arm, ...], shape: tuple[int, int, int],
    rng: np.random.Generator,
) -> list[list[Array]]:  # fmt: skip
    """Draw (studies, seeds, queries) scores: one list of data sets an arm."""
    studies, seeds, queries = shape

    def normal(*size: int) -> Array:
        return rng.standard_normal(size, np.float32)

    seen: list[list[Array]] = [[] for _ in arms]
    trained = [seed_sd * normal(studies, seeds, 1) for _ in arms]
    mix = (1.0, 0.0) if case.datasets == 1 else (0.8**0.5, 0.2**0.5)
    for dataset in range(case.datasets):
        difficulty = 0.9 + 0.3 * dataset + 1.8 * normal(studies, 1, queries)
        for place, arm in enumerate(arms):
            z = difficulty + case.taste * normal(studies, 1, queries) + arm.shift
            runs = seeds if arm.trained else 1
            z = z + case.residual * normal(studies, runs, queries)
            if arm.trained:
                z += mix[0] * trained[place] + mix[1] * seed_sd * normal(studies, seeds, 1)
            seen[place].append(_ndcg(z))
    return seen


@dataclass(frozen=True)
class Means:
    """Means over studies and half their intervals over seeds x queries, one a study."""

    mean: Array
    half: Array

    def above(self) -> Array:
        """Return which studies' intervals lie at or above zero."""
        return self.mean >= self.half

    def below(self) -> Array:
        return self.mean < -self.half


def means(values: list[Array], level: float = 0.95) -> Means:
    """Return the two-way interval of each study's mean, data sets equally weighted."""
    count, seeds = len(values), values[0].shape[1]
    zero = np.zeros(len(values[0]))
    query, residual, doubt = zero, zero, zero
    by_seed = sum(block.mean(axis=2, dtype=np.float64) for block in values) / count
    for block in values:
        size = block.shape[2]
        per_query = block.mean(axis=1, dtype=np.float64)
        own = per_query.var(axis=1, ddof=1) / size / count**2
        query, doubt = query + own, doubt + own**2 / (size - 1)
        if seeds > 1:
            per_seed = block.mean(axis=2, dtype=np.float64)
            whole = per_seed.mean(axis=1)
            squares = np.einsum("bsq,bsq->b", block, block, dtype=np.float64)
            squares -= size * (per_seed**2).sum(axis=1) + seeds * (per_query**2).sum(axis=1)
            squares += seeds * size * whole**2
            residual = residual + squares / ((seeds - 1) * (size - 1) * size * seeds * count**2)
    seed = by_seed.var(axis=1, ddof=1) / seeds if seeds > 1 else np.zeros(len(by_seed))
    # Queries have hundreds of degrees of freedom here: their mean serves all studies.
    df = float(np.median(query**2 / doubt))
    half = half_width(
        seed, query, residual, seed_df=max(seeds - 1, 1), query_df=df,
        level=level,
    )  # fmt: skip
    return Means(by_seed.mean(axis=1), half)
