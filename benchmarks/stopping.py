"""What stopping early costs and saves, at a known TIR.

    python benchmarks/stopping.py [--studies 500]

Studies as in ``gate_error_rates.py``; the verdict that is stopped on is compared with the band of
the true TIR and with that of the estimate from all seeds.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace

import numpy as np
from simulated_scores import Case, judged, study

from gonogo.analysis.estimates.sequential import Stop, stop_when_decided
from gonogo.analysis.tables.strata import seed_means
from gonogo.core.seeds import generator

CASE = Case("gate", 0.0, residual=0.35, taste=0.2, datasets=3, ratio=True)
SEED_SD, QUERIES, TASKS = 0.025, 300, 2
TIRS, SEEDS = (0.0, 0.01, 0.015, 0.02, 0.04), (3, 5, 10)
PASS, FAIL = 0.02, 0.01


def band(effect: float) -> str:
    return "PASS" if effect >= PASS - 1e-9 else "FAIL" if effect < FAIL - 1e-9 else "MARGINAL"


def planted(tir: float) -> Case:
    """Find the shift with this TIR: without it, both arms have the same expected score."""

    def measured(shift: float) -> float:
        moved = plain = 0.0
        for number in range(20):
            for case in (CASE, replace(CASE, shift=shift)):
                rng = generator(number, "planting")
                total = sum(c.mean() for _, c in study(case, SEED_SD, 20, 2_000, rng))
                plain, moved = (plain + total, moved) if case is CASE else (plain, moved + total)
        return 1 - moved / plain

    low, high = -0.5, 0.5
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if measured(middle) < tir else (low, middle)
    return replace(CASE, shift=(low + high) / 2 if tir else 0.0)


def stopped(effects: list[list[np.ndarray]], planned: int) -> Stop[str] | None:
    """Apply the stopping rule after each seed but the last."""
    for done in range(1, planned):
        part = [[block[:done] for block in values] for values in effects]
        stop = stop_when_decided(part, band, planned=planned, bounds=(-float("inf"), 1.0))
        if stop is not None:
            return stop
    return None


def simulate(tir: float, studies: int) -> dict[int, Counter[str]]:
    """Count what happens under the stopping rule, by seeds planned."""
    case = planted(tir)
    early: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS}
    for number in range(studies):
        rng = generator(number, "gate", f"{tir}")
        tasks = [study(case, SEED_SD, max(SEEDS), QUERIES, rng) for _ in range(TASKS)]
        effects = [judged(case, strata) for strata in tasks]
        for seeds, count in early.items():
            part = [[block[:seeds] for block in values] for values in effects]
            point = band(max(seed_means(values).mean() for values in part))
            stop = stopped(part, seeds)
            count["stopped"] += stop is not None
            count["seeds"] += seeds if stop is None else stop.done
            count["wrong"] += stop is not None and stop.verdict != band(tir)
            count["other"] += stop is not None and stop.verdict != point
    return early


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500)
    studies, started = parser.parse_args().studies, time.perf_counter()
    print("| true TIR | planned | mean seeds | stopped early | wrong | not the full verdict |")
    print("|--:|--:|--:|--:|--:|--:|")
    for tir in TIRS:
        for seeds, count in simulate(tir, studies).items():
            shares = (100 * count[name] / studies for name in ("stopped", "wrong", "other"))
            cells = " | ".join(f"{share:.1f}" for share in shares)
            print(f"| {100 * tir:g} % | {seeds} | {count['seeds'] / studies:.2f} | {cells} |")
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
