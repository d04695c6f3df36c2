"""Simulated per-query nDCG@10 of two arms, trained with several seeds, on several data sets.

Per-query scores are those of one relevant document found at rank ceil(exp(z)): nDCG@10 =
1 / log2(1 + rank), 0 beyond rank 10. The latent log-rank z sums the query's difficulty (shared by
both arms), the arm's taste for this query, the trained model's (seed's) shift, which holds for all
queries and data sets, and a residual. Scores so made are bounded, discrete, and a quarter are 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gonogo.analysis.estimates.estimates import ratio_pseudo_values
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.analysis.tables.strata import Strata
from gonogo.core.seeds import generator


@dataclass(frozen=True)
class Case:
    """One way in which scores vary; standard deviations in log-ranks."""

    name: str
    seed_ratio: float
    """Realised seed noise / realised query noise of the difference between arms."""
    residual: float = 0.6
    taste: float = 0.45
    shared: float = 0.0
    """Correlation of the two arms' seed shifts and residuals."""
    shift: float = 0.0
    """Loss of the candidate."""
    datasets: int = 1
    ratio: bool = False
    """Judge TIR, not the difference."""


def ndcg(z: np.ndarray) -> np.ndarray:
    """Turn log-ranks into nDCG@10 of one relevant document."""
    rank = np.maximum(np.ceil(np.exp(z)), 1.0)
    return np.where(rank <= 10, 1.0 / np.log2(1.0 + rank), 0.0)


def paired_noise(
    rng: np.random.Generator, shape: tuple[int, ...], sd: float, shared: float
) -> list[np.ndarray]:
    """Draw one noise an arm, with correlation ``shared``."""
    common = rng.standard_normal(shape, dtype=np.float32)
    return [
        sd * (shared**0.5 * common + (1 - shared) ** 0.5 * rng.standard_normal(shape, np.float32))
        for _ in range(2)
    ]


def study(case: Case, seed_sd: float, seeds: int, queries: int, rng: np.random.Generator) -> Strata:
    """Draw one study: (reference, candidate) scores a data set."""
    trained = paired_noise(rng, (seeds, 1), seed_sd, case.shared)
    strata = []
    for dataset in range(case.datasets):
        difficulty = 0.9 + 0.3 * dataset + 1.8 * rng.standard_normal(queries, np.float32)
        # A seed's shift on one data set is mostly its shift on all (correlation 0.8).
        local = paired_noise(rng, (seeds, 1), seed_sd, case.shared)
        taste = paired_noise(rng, (queries,), case.taste, 0.0)
        rest = paired_noise(rng, (seeds, queries), case.residual, case.shared)
        mix = (1.0, 0.0) if case.datasets == 1 else (0.8**0.5, 0.2**0.5)
        arms = [
            ndcg(difficulty + mix[0] * trained[a] + mix[1] * local[a] + taste[a] + rest[a] + loss)
            for a, loss in enumerate((0.0, case.shift))
        ]
        strata.append((arms[0].astype(float), arms[1].astype(float)))
    return strata


def judged(case: Case, strata: Strata) -> list[np.ndarray]:
    """Return the values whose mean is the judged effect."""
    if case.ratio:
        values = ratio_pseudo_values(strata)
        assert values is not None
        return list(values)
    return [candidate - reference for reference, candidate in strata]


def realised(case: Case, seed_sd: float) -> tuple[float, float, float]:
    """Measure the standard deviations of seed, query and residual effects on the judged scale."""
    sums = np.zeros(3)
    studies = 30
    for number in range(studies):
        rng = generator(number, "calibration", case.name)
        values = judged(case, study(case, seed_sd, 40, 400, rng))
        parts = mean_squares(values)
        n = case.datasets * 400
        sums += (
            (parts.seed_part - parts.residual_part) * 40,
            (parts.query_part - parts.residual_part) * n,
            parts.residual_part * n * 40,
        )
    seed, query, residual = np.sqrt(np.maximum(sums / studies, 0.0))
    return float(seed), float(query), float(residual)


def calibrate(case: Case) -> float:
    """Find the latent seed noise that realises the wanted ratio, in differences."""
    case = replace(case, ratio=False)
    low, high = 0.0, 12.0
    for _ in range(14):
        middle = (low + high) / 2
        seed, query, _ = realised(case, middle)
        low, high = (middle, high) if seed < case.seed_ratio * query else (low, middle)
    return (low + high) / 2
