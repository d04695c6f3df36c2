"""Coverage over sampled data sets, with seeds that do not pair, and of the test of heterogeneity.

    python benchmarks/coverage_sets.py [--studies 1000]

Differences between two arms are normal, in points of nDCG@10: of the seed 0.5 (of which four
fifths are shared by all data sets), of the query 20, residual 15; 300 queries a data set where
nothing else is said. *Sampled*: the true effects of data sets vary by so many points around the one
that is asked about. "Fixed" is the interval for these very data sets, "sample" that of
``gate.datasets: sample``; "predicted" holds the effect measured on one further data set.
*Unpaired*: each arm has its own seeds. *Heterogeneity*: how often Cochran's Q has p below 5 %
where the true effects are equal, and where they vary.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from gonogo.analysis.estimates.between import between
from gonogo.analysis.estimates.estimates import difference_estimate
from gonogo.analysis.estimates.intervals import difference_interval
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.promised.judged import Stratum
from gonogo.analysis.records.effects import DatasetEffect, Interval, PairTest
from gonogo.core.seeds import generator

SEED, QUERY, RESIDUAL = 0.005, 0.20, 0.15
Pair = tuple[np.ndarray, np.ndarray]


def arms(
    rng: np.random.Generator, seeds: tuple[int, int], effects: np.ndarray, queries: int
) -> list[Pair]:
    """Draw both arms' scores; each arm has half of the variance of the difference."""
    shared = [SEED * (0.8 / 2) ** 0.5 * rng.standard_normal((count, 1)) for count in seeds]
    found = []
    for effect in effects:
        sides = []
        for count, own, shift in zip(seeds, shared, (0.0, effect), strict=True):
            noise = own + SEED * (0.2 / 2) ** 0.5 * rng.standard_normal((count, 1))
            noise = noise + QUERY / 2**0.5 * rng.standard_normal(queries)
            sides.append(
                0.5 + shift + noise + RESIDUAL / 2**0.5 * rng.standard_normal((count, queries))
            )
        found.append((sides[0], sides[1]))
    return found


def holds(interval: Interval | None, true: float) -> bool:
    return interval is not None and interval.low <= true <= interval.high


def compared(pairs: list[Pair], layout: Layout) -> tuple[float, Interval | None]:
    """Return the p of Cochran's Q, and where a further data set is to be expected."""
    parts, strata = [], []
    for place, pair in enumerate(pairs):
        estimate = difference_estimate(
            [pair], bootstrap_draws=0, layout=Layout(paired=layout.paired)
        )
        names = tuple(str(query) for query in range(pair[0].shape[1]))
        strata.append(Stratum(f"set {place}", names, *pair))
        test = PairTest(p_permutation=None)
        parts.append(
            DatasetEffect(
                dataset=f"set {place}",
                reference=estimate,
                candidate=estimate,
                difference=estimate,
                test=test,
            )
        )
    found = between(parts, strata, layout)
    assert found is not None
    return found.p, found.predicted


def sampled(sets: int, spread: float, seeds: int, studies: int) -> list[float]:
    held = np.zeros(3)
    for number in range(studies):
        rng = generator(number, "sampled", sets, seeds, str(spread))
        effects = 0.02 + spread * rng.standard_normal(sets + 1)
        *pairs, (below, above) = arms(rng, (seeds, seeds), effects, 300)
        fixed = difference_interval(pairs, 0.95, Layout())
        wide = difference_interval(pairs, 0.95, Layout(sample=True))
        _, predicted = compared(pairs, Layout(sample=True))
        measured = float(above.mean() - below.mean())
        held += [holds(fixed, 0.02), holds(wide, 0.02), holds(predicted, measured)]
    return [float(share) for share in held / studies]


def unpaired(seeds: tuple[int, int], queries: int, studies: int) -> float:
    held = 0
    for number in range(studies):
        rng = generator(number, "unpaired", *seeds, queries)
        pairs = arms(rng, seeds, np.array([0.0, 0.0]), queries)
        held += holds(difference_interval(pairs, 0.95, Layout(paired=False)), 0.0)
    return held / studies


def differing(sets: int, queries: int, seeds: int, spread: float, studies: int) -> float:
    count = 0
    for number in range(studies):
        rng = generator(number, "differing", sets, queries, seeds)
        effects = spread * rng.standard_normal(sets)
        p, _ = compared(arms(rng, (seeds, seeds), effects, queries), Layout())
        count += p < 0.05
    return count / studies


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000)
    studies, start = parser.parse_args().studies, time.perf_counter()
    print(
        "| data sets | effects vary by | seeds | fixed | sample | predicted |\n|--:"
        + "|--:" * 5
        + "|"
    )
    for sets in (3, 5, 10):
        for spread in (0.0, 0.03):
            found = sampled(sets, spread, 3, studies)
            cells = " | ".join(f"{100 * share:.1f}" for share in found)
            print(f"| {sets} | {100 * spread:g} points | 3 | {cells} |", flush=True)
    print("\n| seeds of the arms | queries a data set | covered |\n|---|--:|--:|")
    for both in ((3, 3), (5, 2), (2, 2), (3, 1), (10, 3)):
        for queries in (50, 300):
            share = unpaired(both, queries, studies)
            print(f"| {both[0]} and {both[1]} | {queries} | {100 * share:.1f} |", flush=True)
    print(
        "\n| data sets | queries | seeds | equal effects | vary by 3 points |\n|--:"
        + "|--:" * 4
        + "|"
    )
    for sets in (2, 3, 10):
        for queries in (50, 300):
            for seeds in (3, 10):
                cells = " | ".join(
                    f"{100 * differing(sets, queries, seeds, spread, studies // 2):.1f}"
                    for spread in (0.0, 0.03)
                )
                print(f"| {sets} | {queries} | {seeds} | {cells} |", flush=True)
    print(f"\n{studies} studies a row (the last table half), {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
