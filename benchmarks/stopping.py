"""What stopping early costs and saves, at a known TIR.

    python benchmarks/stopping.py [--studies 1000]

Studies as in ``gate_error_rates.py``: two tasks with the same true TIR, lines at 1 and 2 %, looked
at after each seed from the second on. Words are those of ``gates.support`` at the level of each
look (``estimates.sequential.look_level``); a study ends with the first one, or with its last seed.
"Last at 95 %": what would be said if the last look spent the whole 5 % again. The rule of what can
no longer change whatever comes ("certain") hardly ever fires for a ratio, and is left out.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from gate_error_rates import (
    BATCH,
    CASE,
    FAIL,
    PASS,
    QUERIES,
    SEED_SD,
    TASKS,
    Arrays,
    first,
    lost_share,
    planted,
)
from many_studies import Arm, draw, means

from gonogo.analysis.estimates.sequential import FIRST_LOOK, look_level
from gonogo.core.seeds import generator

TIRS, PLANNED = (0.0, 0.01, 0.015, 0.0199, 0.02, 0.04), (3, 5, 10)
NONE, WORDS = 0, ("INCONCLUSIVE", "PASS", "MARGINAL", "FAIL")


def words(tasks: list[list[Arrays]], seeds: int, level: float) -> np.ndarray:
    """Return the number of each study's word after so many seeds."""
    sides = []
    for reference, candidate in tasks:
        pair = list(zip(first(reference, seeds), first(candidate, seeds), strict=True))
        at = [means([(1 - line) * r - c for r, c in pair], level) for line in (PASS, FAIL)]
        sides.append([at[0].above(), at[0].below(), at[1].above(), at[1].below()])
    over, under, some, none = np.array(sides).transpose(1, 0, 2)
    found = np.where(over.any(0), 1, np.where(none.all(0), 3, 0))
    return np.where(under.all(0) & some.any(0), 2, found)


def true_word(tir: float) -> int:
    return 1 if tir >= PASS else 3 if tir < FAIL else 2


def looked(tasks: list[list[Arrays]], planned: int) -> tuple[np.ndarray, ...]:
    """Return seeds used, the word at the end, and that with the last look at 95 %."""
    used = np.full(BATCH, planned)
    word = np.full(BATCH, NONE)
    for done in range(FIRST_LOOK, planned):
        now = words(tasks, done, max(0.95, look_level(done, planned, effects=TASKS)))
        stops = (used == planned) & (word == NONE) & (now != NONE)
        used[stops], word[stops] = done, now[stops]
    goes_on = used == planned
    last = words(tasks, planned, max(0.95, look_level(planned, planned, effects=TASKS)))
    plain = np.where(goes_on, words(tasks, planned, 0.95), word)
    return used, np.where(goes_on, last, word), plain


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000)
    studies, started = parser.parse_args().studies, time.perf_counter()
    heads = ("mean seeds", "stopped early", "wrong early", "PASS", "PASS, last at 95 %", "FAIL")
    print(f"| true TIR | planned | {' | '.join(heads)} |\n" + "|--:" * (2 + len(heads)) + "|")
    for tir in TIRS:
        shift = planted(tir, lost_share, trained=True)
        found: dict[int, list[np.ndarray]] = {planned: [] for planned in PLANNED}
        for batch in range(studies // BATCH):
            rng = generator(batch, "stopping", f"{tir}")
            shape, both = (BATCH, max(PLANNED), QUERIES), (Arm(), Arm(shift))
            tasks = [draw(CASE, SEED_SD, both, shape, rng) for _ in range(TASKS)]
            for planned_seeds, each in found.items():
                each.append(np.stack(looked(tasks, planned_seeds)))
        for seeds, each in found.items():
            used, word, plain = np.concatenate(each, axis=1)
            early = used < seeds
            shares = (early, early & (word != true_word(tir)), word == 1, plain == 1, word == 3)
            cells = " | ".join(f"{100 * share.mean():.1f}" for share in shares)
            print(f"| {100 * tir:g} % | {seeds} | {used.mean():.2f} | {cells} |", flush=True)
    print(f"\n{studies} studies a row, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
