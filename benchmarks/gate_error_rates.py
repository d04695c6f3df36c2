"""How often the interference gate says what, at a known TIR; and what stopping early costs.

    python benchmarks/gate_error_rates.py [--studies 1000] [--stopping] > gate_error_rates.md

Two tasks with the same true TIR, three data sets of 300 queries each, scores of
``simulated_scores``. TIR is planted by shifting the candidate's latent log-ranks. The second table
asks how often a specialist that learned a known share of its score is told INVALID.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace

import numpy as np
from simulated_scores import Case, judged, realised, study

from gonogo.analysis.estimates.sequential import Stop, stop_when_decided
from gonogo.analysis.statistics.error_rates import verdict_rates
from gonogo.analysis.statistics.power import Components
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.analysis.tables.strata import seed_means
from gonogo.core.seeds import generator

CASE = Case("gate", 0.0, residual=0.35, taste=0.2, datasets=3, ratio=True)
SEED_SD, QUERIES, TASKS = 0.025, 300, 2
TIRS, SEEDS = (0.0, 0.01, 0.015, 0.02, 0.04), (1, 2, 3, 5, 10)
LEARNED = (-0.03, 0.0, 0.008, 0.015, 0.1)
WORDS = ("PASS", "MARGINAL", "FAIL", "INCONCLUSIVE")
POINT = ("point PASS", "point MARGINAL", "point FAIL")
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


def word(lows: np.ndarray, highs: np.ndarray, seeds: int) -> str:
    """Say what the intervals of all tasks bear; one seed bears nothing."""
    low, high = band(lows.max()), band(highs.max())
    return low if low == high and seeds > 1 else "INCONCLUSIVE"


def simulate(
    tir: float, studies: int, *, stopping: bool
) -> tuple[dict[int, Counter[str]], dict[int, Counter[str]]]:
    """Count the words of studies by seeds, and what happens under the stopping rule."""
    case = planted(tir)
    fixed: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS}
    early: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS[2:] if stopping}
    for number in range(studies):
        rng = generator(number, "gate", f"{tir}")
        tasks = [study(case, SEED_SD, max(SEEDS), QUERIES, rng) for _ in range(TASKS)]
        effects = [judged(case, strata) for strata in tasks]
        for seeds in SEEDS:
            part = [[block[:seeds] for block in values] for values in effects]
            means = np.array([seed_means(values).mean() for values in part])
            halves = np.array([mean_squares(values).half_width(0.95) for values in part])
            point = band(means.max())
            fixed[seeds][word(means - halves, means + halves, seeds)] += 1
            fixed[seeds][f"point {point}"] += 1
            if seeds in early:
                stop = stopped(part, seeds)
                early[seeds]["stopped"] += stop is not None
                early[seeds]["seeds"] += seeds if stop is None else stop.done
                early[seeds]["wrong"] += stop is not None and stop.verdict != band(tir)
                early[seeds]["other"] += stop is not None and stop.verdict != point
    return fixed, early


def unlearned(share: float, studies: int) -> list[float]:
    """Return how often a specialist that learned this share is not shown to have, by seeds.

    The untrained row is the candidate: (R - U) / R is its TIR. It has one run, which stands beside
    every seed of the specialist.
    """
    case = planted(share)
    counts = dict.fromkeys(SEEDS[1:], 0)
    for number in range(studies):
        rng = generator(number, "learning", f"{share}")
        strata = study(case, SEED_SD, max(SEEDS), QUERIES, rng)
        for seeds in counts:
            part = [(r[:seeds], np.broadcast_to(u[:1], r[:seeds].shape)) for r, u in strata]
            values = judged(case, part)
            low = seed_means(values).mean() - mean_squares(values).half_width(0.95)
            counts[seeds] += low <= PASS
    return [count / studies for count in counts.values()]


def shares(count: Counter[str], names: tuple[str, ...], studies: int) -> str:
    return " | ".join(f"{100 * count[name] / studies:.1f}" for name in names)


def print_words(studies: int, *, stopping: bool) -> None:
    seed, query, residual = realised(CASE, SEED_SD)
    parts = Components(seed**2, query**2, residual**2)
    print("| true TIR | seeds | " + " | ".join(WORDS) + " | point estimate: PASS | MARGINAL |"
          " FAIL | `verdict_rates` |")  # fmt: skip
    print("|--:" * 9 + "|---|")
    rows = []
    for tir in TIRS:
        fixed, early = simulate(tir, studies, stopping=stopping)
        for seeds, count in fixed.items():
            rates = verdict_rates(
                tir, parts, seeds=seeds, queries=3 * QUERIES, tasks=TASKS, draws=50_000
            )
            same = rates.passed, rates.marginal, rates.failed, rates.inconclusive
            function = " / ".join(f"{100 * rate:.1f}" for rate in same)
            cells = shares(count, (*WORDS, *POINT), studies)
            print(f"| {100 * tir:g} % | {seeds} | {cells} | {function} |", flush=True)
        for seeds, count in early.items():
            mean = f"{count['seeds'] / studies:.2f}"
            cells = shares(count, ("stopped", "wrong", "other"), studies)
            rows.append(f"| {100 * tir:g} % | {seeds} | {mean} | {cells} |")
    if rows:
        print(
            "\n| true TIR | planned | mean seeds | stopped early | wrong | not the full verdict |"
        )
        print("|--:|--:|--:|--:|--:|--:|")
        print("\n".join(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--stopping", action="store_true", help="simulate the stopping rule too")
    options = parser.parse_args()
    studies, started = options.studies, time.perf_counter()
    seed, query, residual = realised(CASE, SEED_SD)
    print(f"Realised sd of TIR: seed {seed:.4f}, query {query:.3f}, residual {residual:.3f}\n")
    print_words(studies, stopping=options.stopping)
    print("\n| truly learned | " + " | ".join(f"{n} seeds" for n in SEEDS[1:]) + " |")
    print("|--:" * len(SEEDS) + "|")
    for share in LEARNED:
        cells = " | ".join(f"{100 * rate:.1f}" for rate in unlearned(share, studies))
        print(f"| {100 * share:g} % | {cells} |", flush=True)
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
