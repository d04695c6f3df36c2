"""Coverage and width of PPI++ where a model judges all queries and people judge some.

    python benchmarks/model_judges.py [--studies 2000]

The judge is off by a bias of the difference and by noise of its own a query; "people" is the
interval from the queries that people judged, "model" the one that believes the judge.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from gonogo.analysis.statistics.ppi import Judgements, debiased_difference
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.core.seeds import generator

CASES = tuple(
    (seeds, human, rest, noise)
    for seeds in (1, 3, 5)
    for human, rest in ((30, 300), (100, 1000))
    for noise in (0.05, 0.10)
)
"""Seeds, queries judged by people, by the model alone, standard deviation of the judge's noise."""
TRUE, QUERY, SEED, RESIDUAL, BIAS = 0.01, 0.20, 0.005, 0.05, 0.02


def study(rng: np.random.Generator, seeds: int, human: int, rest: int, noise: float) -> Judgements:
    """Draw one study; seed noise is common to both judges, the bias grows with the query."""
    total = human + rest
    query = rng.normal(0, QUERY, total)
    noisy = rng.normal(0, SEED, (seeds, 1)) if seeds > 1 else 0.0  # one seed: conditional on it
    true = TRUE + noisy + query + rng.normal(0, RESIDUAL, (seeds, total))
    judged = true + BIAS + rng.normal(0, noise, total) + 0.1 * query
    return Judgements(true[:, :human], judged[:, :human], judged[:, human:])


def main() -> None:
    """Print one row a case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=2000)
    studies = parser.parse_args().studies
    started = time.perf_counter()
    print("| seeds | people | model | judge's noise | PPI++ | people | model | width / people |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for number, (seeds, human, rest, noise) in enumerate(CASES):
        rng = generator(17, "model judges", str(number))
        hits, widths = np.zeros(3), []
        for _ in range(studies):
            part = study(rng, seeds, human, rest, noise)
            found = debiased_difference([part])
            alone = mean_squares([part.human]).half_width(0.95)
            believed = np.concatenate([part.model, part.rest], axis=1)
            trusting = mean_squares([believed]).half_width(0.95)
            ends = (
                (found.value, found.half_width),
                (part.human.mean(), alone),
                (believed.mean(), trusting),
            )
            hits += [abs(value - TRUE) <= half for value, half in ends]
            widths.append(found.half_width / alone)
        shares = " | ".join(f"{100 * share:.1f}" for share in hits / studies)
        print(
            f"| {seeds} | {human} | {rest:,} | {noise:.2f} | {shares} | {np.median(widths):.2f} |",
            flush=True,
        )
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
