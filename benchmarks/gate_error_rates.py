"""How often a gate says which word at a known true effect, and how often INVALID.

    python benchmarks/gate_error_rates.py [--studies 1000] > gate_error_rates.md

Interference: two tasks with the same true TIR, three data sets of 300 queries each, scores of
``simulated_scores``; TIR is planted by shifting the candidate's latent log-ranks. Improvement: the
same data, one task, a true gain in nDCG@10. Words are those of ``gates.support`` (checked against
the gate's own intervals on a part of the studies); INVALID is that of ``gates.assay``.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from many_studies import Arm, draw, means
from simulated_scores import Case, realised

from gonogo.analysis.estimates.estimates import ratio_estimate
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.statistics.error_rates import verdict_rates
from gonogo.analysis.statistics.power import Components
from gonogo.core.seeds import generator

CASE = Case("gate", 0.0, residual=0.35, taste=0.2, datasets=3, ratio=True)
SEED_SD, QUERIES, TASKS, BATCH = 0.025, 300, 2, 100
SEEDS = (1, 2, 3, 5, 10)
TIRS = (0.0, 0.0099, 0.01, 0.015, 0.0199, 0.02, 0.04, 0.08)
GAINS = (-0.02, -0.0001, 0.0, 0.005, 0.0099, 0.01, 0.03)
LEARNED = (-0.03, 0.0, 0.008, 0.015, 0.02, 0.1)
PASS, FAIL = 0.02, 0.01
GAIN_PASS, GAIN_FAIL = 0.01, 0.0
Arrays = list[np.ndarray]


def planted(wanted: float, figure: Callable[[Arrays, Arrays], float], *, trained: bool) -> float:
    """Return the second arm's shift with which ``figure`` of the two arms is as wanted."""

    def measured(shift: float) -> float:
        rng = generator(0, "planting")
        return figure(*draw(CASE, SEED_SD, (Arm(), Arm(shift, trained)), (60, 20, 2_000), rng))

    shifts = [-0.1, 0.1]
    values = [measured(shift) for shift in shifts]
    while abs(values[-1] - wanted) > 2e-5:
        slope = (values[-1] - values[-2]) / (shifts[-1] - shifts[-2])
        shifts.append(shifts[-1] + (wanted - values[-1]) / slope)
        values.append(measured(shifts[-1]))
    return shifts[-1]


def lost_share(reference: Arrays, other: Arrays) -> float:
    return 1 - float(np.mean([c.mean() for c in other]) / np.mean([r.mean() for r in reference]))


def gain(reference: Arrays, other: Arrays) -> float:
    return float(np.mean([c.mean() for c in other]) - np.mean([r.mean() for r in reference]))


def words(passes: np.ndarray, fails: np.ndarray, between: np.ndarray, seeds: int) -> Counter[str]:
    """Count the words; one seed bears none."""
    count = Counter({"PASS": int(passes.sum()), "FAIL": int(fails.sum())})
    count["MARGINAL"] = int(between.sum())
    if seeds == 1:
        count.clear()
    count["INCONCLUSIVE"] = len(passes) - sum(count.values())
    return count


def first(values: Arrays, seeds: int) -> Arrays:
    return [block[:, :seeds] for block in values]


def interference(tir: float, studies: int) -> dict[int, Counter[str]]:
    """Count the words by seeds; also of the first task alone, and what the gate itself says."""
    shift = planted(tir, lost_share, trained=True)
    counts: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS}
    for batch in range(studies // BATCH):
        rng = generator(batch, "gate", f"{tir}")
        tasks = [
            draw(CASE, SEED_SD, (Arm(), Arm(shift)), (BATCH, max(SEEDS), QUERIES), rng)
            for _ in range(TASKS)
        ]
        for seeds, count in counts.items():
            sides = []
            for task in tasks:
                r, c = (first(arm, seeds) for arm in task)
                at = [means([(1 - line) * a - b for a, b in zip(r, c, strict=True)])
                      for line in (PASS, FAIL)]  # fmt: skip
                sides.append([at[0].above(), at[0].below(), at[1].above(), at[1].below()])
                if batch == 0:
                    count["differs"] += check(r, c, sides[-1])
            over, under, some, none = np.array(sides).transpose(1, 0, 2)
            count += words(
                over.any(0), none.all(0), under.all(0) & some.any(0), seeds
            )  # fmt: skip
            count["task PASS"] += int(over[0].sum()) if seeds > 1 else 0
            count["task FAIL"] += int(none[0].sum()) if seeds > 1 else 0
            counts[seeds] = count
    return counts


def check(reference: Arrays, candidate: Arrays, sides: list[np.ndarray]) -> int:
    """Count the studies, of the first five, on which the gate's own interval says otherwise."""
    wrong = 0
    for study in range(5):
        pairs = [(r[study].astype(float), c[study].astype(float))
                 for r, c in zip(reference, candidate, strict=True)]  # fmt: skip
        layout = Layout(bounds=(0.0, 1.0))
        interval = ratio_estimate(pairs, bootstrap_draws=0, layout=layout).interval
        assert interval is not None
        own = interval.low >= PASS, interval.high < PASS, interval.low >= FAIL, interval.high < FAIL
        wrong += tuple(bool(side[study]) for side in sides) != own
    return wrong


def improvement(true: float, studies: int) -> dict[int, Counter[str]]:
    """Count the words of a gain over one baseline, by seeds."""
    shift = planted(true, gain, trained=True)
    counts: dict[int, Counter[str]] = {seeds: Counter() for seeds in SEEDS}
    for batch in range(studies // BATCH):
        rng = generator(batch, "gain", f"{true}")
        arms = draw(CASE, SEED_SD, (Arm(), Arm(shift)), (BATCH, max(SEEDS), QUERIES), rng)
        for seeds, count in counts.items():
            r, c = (first(arm, seeds) for arm in arms)
            over, under = (
                means([b - a - line for a, b in zip(r, c, strict=True)])
                for line in (GAIN_PASS, GAIN_FAIL)
            )
            counts[seeds] = count + words(
                over.above(), under.below(), over.below() & under.above(), seeds
            )
    return counts


def unlearned(share: float, studies: int, queries: int) -> list[float]:
    """Return how often a specialist that learned this share of its score is told INVALID."""
    shift = planted(share, lost_share, trained=False)
    counts = dict.fromkeys(SEEDS, 0)
    for batch in range(studies // BATCH):
        rng = generator(batch, "learning", f"{share}")
        arms = (Arm(), Arm(shift, trained=False))
        r, u = draw(CASE, SEED_SD, arms, (BATCH, max(SEEDS), queries), rng)
        values = [(1 - PASS) * a - b for a, b in zip(r, u, strict=True)]
        runs = [means([block[:, [run]] for block in values]).above() for run in range(max(SEEDS))]
        for seeds in counts:
            over_all = means(first(values, seeds), 0.97).above()
            shown = over_all | np.all(runs[:seeds], axis=0)
            counts[seeds] += int((~shown).sum())
    return [count / studies for count in counts.values()]


def print_interference(studies: int) -> None:
    seed, query, residual = realised(CASE, SEED_SD)
    parts = Components(seed**2, query**2, residual**2)
    print(f"Realised sd of TIR: seed {seed:.4f}, query {query:.3f}, residual {residual:.3f}\n")
    names = ("PASS", "MARGINAL", "FAIL", "INCONCLUSIVE")
    heads = (*names, "one task: PASS", "one task: FAIL", "`verdict_rates`")
    print("| true TIR | seeds | " + " | ".join(heads) + " |\n" + "|--:" * 8 + "|---|")
    differs = 0
    for tir in TIRS:
        for seeds, count in interference(tir, studies).items():
            rates = verdict_rates(
                tir, parts, seeds=seeds, queries=3 * QUERIES, tasks=TASKS, draws=20_000
            )
            same = rates.passed, rates.marginal, rates.failed, rates.inconclusive
            cells = shares(count, (*names, "task PASS", "task FAIL"), studies)
            function = " / ".join(f"{100 * rate:.1f}" for rate in same)
            print(f"| {100 * tir:g} % | {seeds} | {cells} | {function} |", flush=True)
            differs += count["differs"]
    print(f"\n{differs} of {len(TIRS) * len(SEEDS) * TASKS * 5} intervals of the gate differ")


def print_improvement(studies: int) -> None:
    names = ("PASS", "MARGINAL", "FAIL", "INCONCLUSIVE")
    print("\n| true gain | seeds | " + " | ".join(names) + " |\n" + "|--:" * 6 + "|")
    for true in GAINS:
        for seeds, count in improvement(true, studies).items():
            print(f"| {100 * true:g} points | {seeds} | {shares(count, names, studies)} |")


def shares(count: Counter[str], names: tuple[str, ...], studies: int) -> str:
    return " | ".join(f"{100 * count[name] / studies:.1f}" for name in names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--invalid", action="store_true", help="the last table alone")
    options, started = parser.parse_args(), time.perf_counter()
    studies = options.studies
    if not options.invalid:
        print_interference(studies)
        print_improvement(studies)
    heads = " | ".join(f"{n} seed{'s' * (n > 1)}" for n in SEEDS)
    print(f"\n| truly learned | queries a data set | {heads} |\n" + "|--:" * 7 + "|")
    for queries in (QUERIES, 50):
        for share in LEARNED:
            rates = unlearned(share, studies, queries)
            cells = " | ".join(f"{100 * rate:.2f}" for rate in rates)
            print(f"| {100 * share:g} % | {queries} | {cells} |", flush=True)
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
