"""How often the interference gate says what, at a known TIR; and what stopping early costs.

    python benchmarks/gate_error_rates.py [--studies 1000] > gate_error_rates.md

Two tasks with the same true TIR, three data sets of 300 queries each, scores of
``simulated_scores``. TIR is planted by shifting the candidate's latent log-ranks.
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
TIRS, SEEDS = (0.0, 0.01, 0.015, 0.02, 0.04), (1, 3, 5, 10)
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

    low, high = 0.0, 0.5
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


def simulate(tir: float, studies: int) -> tuple[dict[int, Counter[str]], dict[int, Counter[str]]]:
    """Count fixed-size verdicts by seeds, and what happens under the stopping rule."""
    case = planted(tir)
    fixed: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS}
    early: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS[1:]}
    for number in range(studies):
        rng = generator(number, "gate", f"{tir}")
        tasks = [study(case, SEED_SD, max(SEEDS), QUERIES, rng) for _ in range(TASKS)]
        effects = [judged(case, strata) for strata in tasks]
        for seeds in SEEDS:
            part = [[block[:seeds] for block in values] for values in effects]
            means = np.array([seed_means(values).mean() for values in part])
            halves = np.array([mean_squares(values).half_width(0.95) for values in part])
            verdict = band(means.max())
            fixed[seeds][verdict] += 1
            fixed[seeds]["pass supported"] += verdict == "PASS" and (means - halves >= PASS).any()
            fixed[seeds]["fail supported"] += verdict == "FAIL" and (means + halves < PASS).all()
            if seeds in early:
                stop = stopped(part, seeds)
                early[seeds]["stopped"] += stop is not None
                early[seeds]["seeds"] += seeds if stop is None else stop.done
                early[seeds]["wrong"] += stop is not None and stop.verdict != band(tir)
                early[seeds]["other"] += stop is not None and stop.verdict != verdict
    return fixed, early


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1_000)
    studies = parser.parse_args().studies
    started = time.perf_counter()
    seed, query, residual = realised(CASE, SEED_SD)
    parts = Components(seed**2, query**2, residual**2)
    print(f"Realised sd of TIR: seed {seed:.4f}, query {query:.3f}, residual {residual:.3f}\n")
    print(
        "| true TIR | seeds | PASS | MARGINAL | FAIL | PASS supported | FAIL supported | function |"
    )
    print("|--:|--:|--:|--:|--:|--:|--:|---|")
    rows = []
    for tir in TIRS:
        fixed, early = simulate(tir, studies)
        for seeds, count in fixed.items():
            names = ("PASS", "MARGINAL", "FAIL", "pass supported", "fail supported")
            cells = " | ".join(f"{100 * count[name] / studies:.1f}" for name in names)
            rates = verdict_rates(
                tir, parts, seeds=seeds, queries=3 * QUERIES, tasks=TASKS, draws=50_000
            )
            same = (
                rates.passed,
                rates.marginal,
                rates.failed,
                rates.passed_supported,
                rates.failed_supported,
            )
            function = " / ".join(f"{100 * rate:.1f}" for rate in same)
            print(f"| {100 * tir:g} % | {seeds} | {cells} | {function} |", flush=True)
        for seeds, count in early.items():
            shares = [
                f"{100 * count[name] / studies:.1f}" for name in ("stopped", "wrong", "other")
            ]
            mean = f"{count['seeds'] / studies:.2f}"
            rows.append(f"| {100 * tir:g} % | {seeds} | {mean} | {' | '.join(shares)} |")
    print("\n| true TIR | planned | mean seeds | stopped early | wrong | not the full verdict |")
    print("|--:|--:|--:|--:|--:|--:|")
    print("\n".join(rows))
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
