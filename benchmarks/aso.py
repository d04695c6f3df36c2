"""Almost Stochastic Order: gonogo against deepsig (time, values), and false alarms by sample size.

deepsig is not a dependency (GPL). In an environment that has it beside numpy, scipy, jaxtyping:

    PYTHONPATH=src python benchmarks/aso.py

Without deepsig only the false alarms are measured.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from gonogo.analysis.aso import THRESHOLD, aso

SYSTEMS = 10_000
"""Pairs of equal systems for the false alarms."""


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def against_deepsig() -> None:
    """Print times and values beside deepsig's, one comparison of two systems."""
    from deepsig import aso as peer  # type: ignore[import-not-found]

    print("| n | deepsig s | gonogo s | ratio | deepsig eps_min | gonogo eps_min | spread |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for n in (5, 20, 500):
        rng = np.random.default_rng(n)
        a, b = rng.normal(2 / n**0.5, 1, n), rng.normal(0, 1, n)

        def ours(a: np.ndarray = a, b: np.ndarray = b, seed: int = 0) -> float:
            return aso(a, b, seed=seed)

        start = time.perf_counter()
        theirs = float(peer(a, b, seed=0, show_progress=False, num_jobs=1))
        slow, fast = time.perf_counter() - start, seconds(ours, 21)
        values = [ours(seed=seed) for seed in range(20)]
        print(
            f"| {n} | {slow:.3f} | {fast:.5f} | {slow / fast:.0f} | {theirs:.4f} |"
            f" {statistics.mean(values):.4f} | {statistics.stdev(values):.4f} |"
        )


def false_alarms() -> None:
    """Print how often one of two equal systems is called better than the other, this direction."""
    print(f"\n| n | eps_min(A, B) < {THRESHOLD} | < 0.5 |\n|--:|--:|--:|")
    for n in (2, 3, 4, 5, 7, 10, 20):
        rng = np.random.default_rng(n)
        found = np.array(
            [
                aso(rng.normal(size=n), rng.normal(size=n), draws=300, seed=number)
                for number in range(SYSTEMS)
            ]
        )
        low, half = 100 * np.mean(found < THRESHOLD), 100 * np.mean(found < 0.5)
        print(f"| {n} | {low:.1f} % | {half:.1f} % |")


if __name__ == "__main__":
    try:
        against_deepsig()
    except ModuleNotFoundError:
        print("deepsig is not installed: values and times are not compared")
    false_alarms()
