"""Whether nominal 95 % intervals over seeds x queries cover 93-97 %.

    python benchmarks/coverage.py [--studies 1000] > coverage.md

Scores are those of ``simulated_scores``: bounded, discrete, zero-inflated.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.special import stdtrit
from simulated_scores import Case, calibrate, judged, realised, study

from gonogo.analysis.statistics.bootstrap import bootstrap_quantiles
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.analysis.tables.strata import Strata, seed_means
from gonogo.core.seeds import generator

QUERIES, MOST_SEEDS = (50, 200, 1_000), 10
LEVEL = 0.95


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
    for block in range(max(1, min(MOST_SEEDS // seeds, max(QUERIES) // queries))):
        s = slice(block * seeds, (block + 1) * seeds)
        q = slice(block * queries, (block + 1) * queries)
        yield [(reference[s, q], candidate[s, q]) for reference, candidate in whole]


def coverage(case: Case, counts: list[int], studies: int, boots: int) -> dict[int, float]:
    """Print coverage of one case, one row a number of seeds; return widths beside Satterthwaite."""
    seed_sd = calibrate(case)
    seed, query, residual = realised(case, seed_sd)
    ends: dict[tuple[int, int, str], list[tuple[float, float]]] = {}
    truth = []
    for number in range(studies):
        rng = generator(number, "coverage", case.name)
        whole = study(case, seed_sd, MOST_SEEDS, max(QUERIES), rng)
        truth.append(float(seed_means(judged(case, whole)).mean()))
        for seeds, queries in product(counts, QUERIES):
            few = boots if number < studies // 4 and queries < max(QUERIES) else 0
            for part in independent_parts(whole, seeds, queries):
                for method, low, high in bounds(judged(case, part), few):
                    ends.setdefault((seeds, queries, method), []).append((low, high))
    # The mean estimate of the largest design: its error is under a fortieth of one study's.
    true = 0.0 if case.shift == 0 and not case.ratio else float(np.mean(truth))
    noise = f"{seed:.3f} / {query:.3f} / {residual:.3f}"
    for seeds in counts:
        cells = []
        for method in METHODS:
            shares = []
            for queries in QUERIES:
                pairs = np.array(ends.get((seeds, queries, method), np.empty((0, 2))))
                held = (pairs[:, 0] <= true) & (true <= pairs[:, 1])
                shares += [f"{100 * held.mean():.1f}"] if len(pairs) else []
            cells.append(" / ".join(shares))
        print(f"| {case.name} | {noise} | {seeds} | {' | '.join(cells)} |", flush=True)
    widths = {
        (seeds, method): sum(
            np.median(np.ptp(ends[seeds, queries, method], axis=1)) for queries in QUERIES
        )
        for seeds, method in product(counts, METHODS[:2])
    }
    return {seeds: widths[seeds, METHODS[0]] / widths[seeds, METHODS[1]] for seeds in counts}


CASES = (
    *(Case(f"seed noise {r:g} x query noise", r) for r in (0.1, 0.3, 1.0, 3.0)),
    Case("large residual, 0.1 x", 0.1, residual=1.2, taste=0.25),
    Case("large residual, 0.5 x", 0.5, residual=1.2, taste=0.25),
    Case("correlated arms, 0.1 x", 0.1, shared=0.7),
    Case("correlated arms, 1 x", 1.0, shared=0.7),
    Case("TIR about 5 %, 0.1 x", 0.1, shift=0.15, ratio=True),
    Case("TIR about 5 %, 1 x", 1.0, shift=0.15, ratio=True),
    Case("3 data sets, 0.3 x", 0.3, datasets=3),
    Case("3 data sets, TIR, correlated arms, 1 x", 1.0, shared=0.7, datasets=3, ratio=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--boots", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5, 10])
    parser.add_argument("--only", default="", help="cases whose name holds this")
    chosen = parser.parse_args()
    started = time.perf_counter()
    print(
        "| case | sd of seed / query / residual | seeds | queries | " + " | ".join(METHODS) + " |"
    )
    print("|---|---|--:|--:|" + "--:|" * len(METHODS))
    ratios = [
        coverage(case, chosen.seeds, chosen.studies, chosen.boots)
        for case in CASES
        if chosen.only in case.name
    ]
    for seeds in chosen.seeds:
        ratio = np.mean([found[seeds] for found in ratios])
        print(f"\nwidth at {seeds} seeds, two-way / one Satterthwaite t: {ratio:.3f}")
    print(f"\n{chosen.studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
