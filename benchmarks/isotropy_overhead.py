"""The isotropy term: how much longer a step takes with SIGReg than without.

    python benchmarks/isotropy_overhead.py            two minutes on 2 cores

The same trial (MiniLM, a projection to 512, batches of 16 triplets) with and without the term takes
steps in turns, on the same batches; the median of the pairs' ratios counts, and its quartiles say
how far pairs scatter. Where those lie on both sides of 0, no overhead was seen.

The goal, at most 5 % of a step, is that of the arm that tunes the whole backbone. On a frozen one a
step reads kept vectors and takes milliseconds, of which the same term is a large share; in seconds
it is the same small cost, which is what to read there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import paired
import small_study

TERM = {"kind": "sigreg", "weight": 1.0, "slices": 256}
ARMS = {"full": 1, "frozen": 10}
"""What learns, and how many times as many steps are taken: short ones scatter more."""
WARM_UP = 2
"""The first steps load kernels."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=20, help="pairs of steps of the full arm")
    parser.add_argument("--queries", type=int, default=100, help="that examples are made from")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    started = time.perf_counter()
    figures: dict[str, float] = {}
    for adapter, times in ARMS.items():
        figures |= overhead(adapter, times * options.steps, options.queries)
    print("\n".join(f"{name}: {value:.3g}" for name, value in figures.items()))
    if options.json:
        minutes = (time.perf_counter() - started) / 60
        question = "What does the isotropy term cost a training step?"
        paired.write_record(options.json, question, "the same without it", figures, minutes)


def overhead(adapter: str, pairs: int, queries: int) -> dict[str, float]:
    """Take steps of an arm with and without the term, in turns, and return what they took."""
    plain = small_study.Steps(small_study.config(adapter, max_queries=queries))
    with_term = small_study.Steps(small_study.config(adapter, [TERM], max_queries=queries))
    seconds = np.empty((pairs + WARM_UP, 2))
    for number in range(len(seconds)):
        contenders = [(0, plain.take), (1, with_term.take)]
        for column, take in contenders if number % 2 else contenders[::-1]:
            seconds[number, column] = take(number)
    seconds = seconds[WARM_UP:]
    low, median, high = np.percentile(100 * (seconds[:, 1] / seconds[:, 0] - 1), (25, 50, 75))
    return {
        f"overhead, percent, {adapter}": float(median),
        f"lower quartile, {adapter}": float(low),
        f"upper quartile, {adapter}": float(high),
        f"milliseconds of the term, {adapter}": 1e3 * float(np.median(seconds @ (-1, 1))),
        f"seconds a step, without, {adapter}": float(np.median(seconds[:, 0])),
        f"steps, {adapter}": float(pairs),
    }


if __name__ == "__main__":
    main()
