"""The isotropy term: how much longer a step takes with SIGReg than without.

    python benchmarks/isotropy_overhead.py            a minute on 2 cores

The same trial (MiniLM fully tuned, a projection to 512, batches of 16 triplets) with and without
the term takes steps in turns, on the same batches; the median of the pairs' ratios counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import paired
import small_study

TERM = {"kind": "sigreg", "weight": 1.0, "slices": 256}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
    plain = small_study.Steps(small_study.config("full", max_queries=100))
    with_term = small_study.Steps(small_study.config("full", [TERM], max_queries=100))
    ratios, seconds = [], []
    for number in range(options.steps + 2):
        # in turns, and the first of them in turns too
        both = [plain.take, with_term.take]
        first, second = (take(number) for take in (both if number % 2 else both[::-1]))
        without, with_it = (first, second) if number % 2 else (second, first)
        if number >= 2:  # the first steps load kernels
            ratios.append(with_it / without)
            seconds.append(without)
    figures = {
        "overhead, percent": 100 * (statistics.median(ratios) - 1),
        "seconds a step, without": statistics.median(seconds),
        "steps": float(options.steps),
    }
    print("\n".join(f"{name}: {value:.3g}" for name, value in figures.items()))
    if options.json:
        minutes = (time.perf_counter() - started) / 60
        question = "What does the isotropy term cost a training step?"
        paired.write_record(options.json, question, "the same without it", figures, minutes)


if __name__ == "__main__":
    main()
