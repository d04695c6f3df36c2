"""Coverage where few queries differ, where queries come in clusters, and of TIR at small scores.

    python benchmarks/coverage_edges.py [--studies 1000]

"usual" is the two-way interval alone (the delta method for TIR), "gonogo" what a verdict rests on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from simulated_scores import ndcg

from gonogo.analysis.estimates.estimates import ratio_pseudo_values
from gonogo.analysis.estimates.intervals import difference_interval, ratio_interval
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.analysis.tables.strata import Strata
from gonogo.core.seeds import generator

UNIT = Layout(bounds=(0.0, 1.0))
Draw = Callable[[np.random.Generator], tuple[Strata, Layout, float]]


def ties(share: float, seeds: int, queries: int) -> Draw:
    """Most queries tie; the others lose a quarter on average, the same ones with every seed."""

    def draw(rng: np.random.Generator) -> tuple[Strata, Layout, float]:
        moved = rng.random(queries) >= share
        lost = moved * rng.uniform(-0.25, 0.75, queries)
        noise = moved * rng.normal(0, 0.05, (seeds, queries))
        reference = np.full((seeds, queries), 0.5)
        candidate = np.clip(reference - 0.5 * lost + noise, 0, 1)
        return [(reference, candidate)], UNIT, -0.125 * (1 - share)

    return draw


def lost(share: float, seeds: int, queries: int) -> Draw:
    """R@10 of one relevant document: a share of the queries is lost, others with each seed."""

    def draw(rng: np.random.Generator) -> tuple[Strata, Layout, float]:
        reference = np.ones((seeds, queries))
        candidate = (rng.random((seeds, queries)) >= share).astype(float)
        return [(reference, candidate)], UNIT, -share

    return draw


def clustered(count: int, icc: float, seeds: int = 3) -> Draw:
    """Draw clusters of 2 to 18 queries, 10 on average, whose differences correlate within."""

    def draw(rng: np.random.Generator) -> tuple[Strata, Layout, float]:
        codes = np.repeat(np.arange(count), rng.integers(2, 19, count))
        shared = rng.normal(0, icc**0.5, count)[codes]
        own = rng.normal(0, (1 - icc) ** 0.5, len(codes))
        noise = rng.normal(0, 0.1, (seeds, 1)) + rng.normal(0, 0.5, (seeds, len(codes)))
        difference = 0.1 * (shared + own + noise)
        reference = np.full(difference.shape, 0.5)
        return [(reference, 0.5 + difference)], Layout(clusters=[codes]), 0.0

    return draw


def small(seeds: int) -> Draw:
    """Two equal arms with a mean nDCG@10 of .08 on 50 queries; TIR is 0."""

    def draw(rng: np.random.Generator) -> tuple[Strata, Layout, float]:
        difficulty = 4.2 + 1.8 * rng.standard_normal(50)
        arms = [
            ndcg(
                difficulty
                + 0.05 * rng.standard_normal((seeds, 1))
                + 0.45 * rng.standard_normal(50)
                + 0.6 * rng.standard_normal((seeds, 50))
            )
            for _ in range(2)
        ]
        return [(arms[0], arms[1])], UNIT, 0.0

    return draw


def intervals(strata: Strata, layout: Layout, ratio: bool) -> list[tuple[float, float]] | None:
    """Return the usual interval and gonogo's; None where the ratio is undefined."""
    if ratio:
        values = ratio_pseudo_values(strata)
        if values is None:
            return None
    else:
        values = [candidate - reference for reference, candidate in strata]
    value, half = float(np.mean(values)), mean_squares(values).half_width(0.95)
    if ratio:
        found = ratio_interval(strata, value, 0.95, layout)
    else:
        found = difference_interval(strata, 0.95, replace(layout))
    ends = (-np.inf, np.inf) if found is None else (found.low, found.high)
    return [(value - half, value + half), ends]


CASES: dict[str, tuple[Draw, bool]] = {
    **{
        f"{100 * share:g} % tied of {n}, {s} seeds": (ties(share, s, n), False)
        for share in (0.95, 0.99)
        for n, s in ((50, 1), (50, 3), (200, 3))
    },
    **{
        f"R@10, 1 % of {n} lost, {s} seeds": (lost(0.01, s, n), False)
        for n, s in ((50, 1), (200, 1), (200, 3), (1_000, 1), (1_000, 3))
    },
    **{
        f"{count} clusters, ICC {icc}": (clustered(count, icc), False)
        for count in (15, 30, 60)
        for icc in (0.18, 0.41)
    },
    **{f"TIR at mean .08, 50 queries, {s} seeds": (small(s), True) for s in (3, 5, 10)},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000)
    studies, started = parser.parse_args().studies, time.perf_counter()
    print("| case | usual | gonogo | median width, gonogo / usual |")
    print("|---|--:|--:|--:|")
    for name, (draw, ratio) in CASES.items():
        held, widths, drawn = np.zeros(2), [], 0
        for number in range(studies):
            strata, layout, true = draw(generator(number, "edges", name))
            found = intervals(strata, layout, ratio)
            if found is None:
                continue
            drawn += 1
            held += [low <= true <= high for low, high in found]
            usual, ours = (high - low for low, high in found)
            widths += [ours / usual] if usual > 0 else []
        shares = " | ".join(f"{100 * share:.1f}" for share in held / drawn)
        print(f"| {name} | {shares} | {np.median(widths):.2f} |", flush=True)
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
