"""Whether nominal 95 % intervals over seeds x queries cover 93-97 %.

Per-query scores are those of one relevant document found at rank ceil(exp(z)): nDCG@10 =
1 / log2(1 + rank), 0 beyond rank 10. The latent log-rank z sums the query's difficulty (shared by
both arms), the arm's taste for this query, the trained model's (seed's) shift, which holds for all
queries and data sets, and a residual. Scores so made are bounded, discrete, and a quarter are 0.

    python benchmarks/coverage.py [--studies 2000] > coverage.md
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import stdtrit

from gonogo.analysis.bootstrap import bootstrap_quantiles
from gonogo.analysis.intervals import ratio_pseudo_values
from gonogo.analysis.strata import Strata, seed_means
from gonogo.analysis.variance import mean_squares
from gonogo.core.seeds import generator

SEEDS, QUERIES = (3, 5, 10), (50, 200, 1_000)
LEVEL = 0.95


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
) -> list:
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
    """Find the latent seed noise that realises the wanted ratio."""
    low, high = 0.0, 12.0
    for _ in range(14):
        middle = (low + high) / 2
        seed, query, _ = realised(case, middle)
        low, high = (middle, high) if seed < case.seed_ratio * query else (low, middle)
    return (low + high) / 2


def bounds(values: list[np.ndarray], boots: int) -> Iterator[tuple[str, float, float]]:
    """Give each method's interval."""
    parts, means = mean_squares(values), seed_means(values)
    value, seeds = float(means.mean()), len(means)
    tail = (1 + LEVEL) / 2
    half = parts.half_width(LEVEL)
    yield "two-way (gonogo)", value - half, value + half
    half = stdtrit(min(parts.df, 1e9), tail) * parts.variance**0.5
    yield "two-way, Satterthwaite t", value - half, value + half
    half = stdtrit(seeds - 1, tail) * parts.seed_part**0.5
    yield "t over seed means", value - half, value + half
    if boots:
        queries, both = bootstrap_quantiles(values, LEVEL, draws=boots, seed=0)
        yield "query bootstrap", *queries
        yield "seeds and queries bootstrap", *both


METHODS = (
    "two-way (gonogo)",
    "two-way, Satterthwaite t",
    "t over seed means",
    "query bootstrap",
    "seeds and queries bootstrap",
)


def independent_parts(whole: Strata, seeds: int, queries: int) -> Iterator[Strata]:
    """Cut smaller studies that share neither seeds nor queries out of a large one."""
    for block in range(max(1, min(max(SEEDS) // seeds, max(QUERIES) // queries))):
        s = slice(block * seeds, (block + 1) * seeds)
        q = slice(block * queries, (block + 1) * queries)
        yield [(reference[s, q], candidate[s, q]) for reference, candidate in whole]


def coverage(case: Case, studies: int, boots: int) -> None:
    """Print coverage of one case, one row for each number of seeds and queries."""
    seed_sd = calibrate(case)
    seed, query, residual = realised(case, seed_sd)
    ends: dict[tuple[int, int, str], list[tuple[float, float]]] = {}
    truth = []
    for number in range(studies):
        rng = generator(number, "coverage", case.name)
        whole = study(case, seed_sd, max(SEEDS), max(QUERIES), rng)
        truth.append(float(seed_means(judged(case, whole)).mean()))
        for seeds, queries in product(SEEDS, QUERIES):
            few = boots if number < studies // 4 and queries < max(QUERIES) else 0
            for part in independent_parts(whole, seeds, queries):
                for method, low, high in bounds(judged(case, part), few):
                    ends.setdefault((seeds, queries, method), []).append((low, high))
    # The mean estimate of the largest design: its error is under a fortieth of one study's.
    true = 0.0 if case.shift == 0 and not case.ratio else float(np.mean(truth))
    noise = f"{seed:.3f} / {query:.3f} / {residual:.3f}"
    for seeds, queries in product(SEEDS, QUERIES):
        cells = []
        for method in METHODS:
            pairs = np.array(ends.get((seeds, queries, method), np.empty((0, 2))))
            held = (pairs[:, 0] <= true) & (true <= pairs[:, 1])
            cells.append(f"{100 * held.mean():.1f}" if len(pairs) else "")
        row = " | ".join(cells)
        print(f"| {case.name} | {noise} | {seeds} | {queries} | {row} |", flush=True)


CASES = (
    *(Case(f"seed noise {r:g} x query noise", r) for r in (0.1, 0.3, 1.0, 3.0)),
    Case("large residual, 0.1 x", 0.1, residual=1.2, taste=0.25),
    Case("large residual, 0.5 x", 0.5, residual=1.2, taste=0.25),
    Case("correlated arms, 0.1 x", 0.1, shared=0.7),
    Case("correlated arms, 1 x", 1.0, shared=0.7),
    Case("TIR about 4 %, 0.1 x", 0.1, shift=0.15, ratio=True),
    Case("TIR about 4 %, 1 x", 1.0, shift=0.15, ratio=True),
    Case("3 data sets, 0.3 x", 0.3, datasets=3),
    Case("3 data sets, TIR, correlated arms, 1 x", 1.0, shared=0.7, datasets=3, ratio=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--boots", type=int, default=1_000)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    chosen = parser.parse_args()
    started = time.perf_counter()
    print(
        "| case | sd of seed / query / residual | seeds | queries | " + " | ".join(METHODS) + " |"
    )
    print("|---|---|--:|--:|" + "--:|" * len(METHODS))
    for case in CASES:
        if chosen.only in case.name:
            coverage(case, chosen.studies, chosen.boots)
    print(f"\n{chosen.studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
