"""Almost Stochastic Order: gonogo against deepsig (time, values), and false alarms by sample size.

    python benchmarks/aso.py [--systems 10000] [--json FILE]

deepsig is not a dependency (GPL); benchmarks/peers.txt says which one, and search.py how to have it
beside the environment. Without it only the false alarms are measured, with ``--systems 0`` none.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gonogo.analysis.statistics.aso import THRESHOLD, aso


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def against_deepsig() -> dict[str, float]:
    """Print and return times and values beside deepsig's, one comparison of two systems."""
    from deepsig import aso as peer  # type: ignore[import-not-found]

    print("| n | deepsig s | gonogo s | ratio | deepsig eps_min | gonogo eps_min | spread |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    figures: dict[str, float] = {}
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
        figures |= {f"ratio, {n} scores": slow / fast, f"eps_min, {n} scores": values[0]}
        figures |= {f"eps_min, {n} scores, deepsig": theirs}
    return {"ratio": min(slower for name, slower in figures.items() if "ratio" in name), **figures}


def false_alarms(systems: int) -> None:
    """Print how often one of two equal systems is called better than the other, this direction."""
    print(f"\n| n | eps_min(A, B) < {THRESHOLD} | < 0.5 |\n|--:|--:|--:|")
    for n in (2, 3, 4, 5, 7, 10, 20):
        rng = np.random.default_rng(n)
        found = np.array(
            [
                aso(rng.normal(size=n), rng.normal(size=n), draws=300, seed=number)
                for number in range(systems)
            ]
        )
        low, half = 100 * np.mean(found < THRESHOLD), 100 * np.mean(found < 0.5)
        print(f"| {n} | {low:.1f} % | {half:.1f} % |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--systems", type=int, default=10_000, help="pairs for the false alarms")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    start, figures = time.perf_counter(), dict[str, float]()
    try:
        figures = against_deepsig()
    except ModuleNotFoundError:
        print("deepsig is not installed: values and times are not compared")
    if options.json and figures:
        import paired

        minutes = (time.perf_counter() - start) / 60
        question = "How long does one Almost Stochastic Order comparison take?"
        paired.write_record(options.json, question, "deepsig 1.2.8", figures, minutes)
    if options.systems:
        false_alarms(options.systems)


if __name__ == "__main__":
    main()
