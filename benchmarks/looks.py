"""What intervals and words of studies that were looked at after each seed hold.

    python benchmarks/looks.py [--studies 4000]

Effects are those of one task: normal seed, query and residual effects, 100 queries. A study with so
many seeds planned stops after the first look (from the second seed on) whose interval lies on one
side of a line at zero, by alpha spending; the last look decides by its own interval. *Plain*: 95 %
at whatever look it ended, and stops by the interval with Cochran's critical value; *repeated*: at
the level of its look, with the parts' half widths added. "Wrong": the interval at the end lies
wholly above the line although the true effect is at it (2.5 % are promised); "covered" of studies
that ended early and of all of them, at a true effect of 0 and at four standard errors of the full
study. A second table: the mean error of the estimate that such studies end with, as it is and
adjusted (``estimates.stopped``), of all studies and of those that ended early, in standard errors
of the full study, and the root of the mean squared error of all.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from gonogo.analysis.estimates.sequential import FIRST_LOOK, look_level
from gonogo.analysis.estimates.stopped import Looks, adjusted_for_looks
from gonogo.analysis.statistics.variance import MeanSquares, half_width
from gonogo.core.seeds import generator

QUERIES = 100
NOISE = {
    "seeds 0.3 x": (0.04, 0.13, 0.21),
    "seeds 1 x": (0.13, 0.13, 0.21),
    "no seed noise": (0.0, 0.13, 0.21),
}


def parts(values: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return A, B and E of the mean of each study, (studies, seeds, queries)."""
    _, seeds, queries = values.shape
    by_seed, by_query = values.mean(axis=2), values.mean(axis=1)
    rest = (
        values - by_seed[:, :, None] - by_query[:, None] + values.mean(axis=(1, 2))[:, None, None]
    )
    e = (rest**2).sum(axis=(1, 2)) / ((seeds - 1) * (queries - 1) * queries * seeds)
    return by_seed.var(axis=1, ddof=1) / seeds, by_query.var(axis=1, ddof=1) / queries, e


def cochran(a: np.ndarray, b: np.ndarray, e: np.ndarray, seeds: int, level: float) -> np.ndarray:
    """Return the half width with Cochran's value at any level, as it was used before."""
    from scipy.special import stdtrit

    net, tail = np.maximum(b - e, 0), (1 + level) / 2
    error = np.sqrt(a + net)
    return np.asarray(
        (a * stdtrit(seeds - 1, tail) + net * stdtrit(QUERIES - 1, tail)) / np.maximum(error, 1e-12)
    )


def row(noise: tuple[float, ...], planned: int, true: float, studies: int, name: str) -> list[str]:
    """Return the cells of one case."""
    rng = generator(0, "stopping", name, planned, str(true))
    values = true + noise[0] * rng.standard_normal((studies, planned, 1))
    values = values + noise[1] * rng.standard_normal((studies, 1, QUERIES))
    values += noise[2] * rng.standard_normal((studies, planned, QUERIES))
    cells = []
    for repeated in (False, True):
        open_ = np.ones(studies, dtype=bool)
        early = np.zeros(studies, dtype=bool)
        low, high = np.zeros(studies), np.zeros(studies)
        for done in range(FIRST_LOOK, planned + 1):
            mean, (a, b, e) = values[:, :done].mean(axis=(1, 2)), parts(values[:, :done])
            level = look_level(done, planned)
            if repeated:
                half = half_width(
                    a, b, e, seed_df=done - 1, query_df=QUERIES - 1, level=max(level, 0.95)
                )
                shown = half
            else:
                half = cochran(a, b, e, done, level)
                shown = cochran(a, b, e, done, 0.95)
            ends = open_ & ((np.abs(mean) > half) | (done == planned))
            low[ends], high[ends] = (mean - shown)[ends], (mean + shown)[ends]
            early |= ends & (done < planned)
            open_ &= ~ends
        covered = (low <= true) & (true <= high)
        cells.append(f"{100 * early.mean():.1f}")
        cells.append(f"{100 * (low > 0).mean():.1f}" if true == 0 else "")
        cells.append(
            f"{100 * covered[early].mean():.1f}"
            if early.sum() >= 50
            else f"({early.sum()} studies)"
        )
        cells.append(f"{100 * covered.mean():.1f}")
    return cells


def errors(noise: tuple[float, ...], planned: int, true: float, studies: int, name: str) -> str:
    """Return bias and error of the estimates that studies end with, as they are and adjusted."""
    rng = generator(1, "stopping", name, planned, str(true))
    full = (
        noise[0] ** 2 / planned + noise[1] ** 2 / QUERIES + noise[2] ** 2 / planned / QUERIES
    ) ** 0.5
    found = []
    for _ in range(studies):
        values = true + noise[0] * rng.standard_normal((1, planned, 1))
        values = values + noise[1] * rng.standard_normal((1, 1, QUERIES))
        values += noise[2] * rng.standard_normal((1, planned, QUERIES))
        for done in range(FIRST_LOOK, planned + 1):
            mean = float(values[:, :done].mean())
            a, b, e = (float(part[0]) for part in parts(values[:, :done]))
            split = MeanSquares(done, (QUERIES,), a, (b,), (e,))
            if done == planned or abs(mean) > split.half_width(look_level(done, planned)):
                looks = Looks(done, planned, (0.0,))
                adjusted = adjusted_for_looks(mean, split, looks)
                found.append((done < planned, mean - true, adjusted - true))
                break
    early, plain, adjusted = np.array(found).T
    cells = [f"{100 * early.mean():.0f}"]
    for error in (plain, adjusted):
        cells += [f"{error.mean() / full:+.2f}"]
        cells += [f"{error[early > 0].mean() / full:+.2f}" if early.sum() >= 20 else ""]
    cells += [f"{(error**2).mean() ** 0.5 / full:.2f}" for error in (plain, adjusted)]
    return " | ".join(cells)


def print_errors(studies: int) -> None:
    """Print the table of estimates."""
    heads = ("early, %", "bias", "bias, early", "adjusted", "adjusted, early", "error", "adjusted")
    print("\n| noise | seeds planned | true effect | " + " | ".join(heads) + " |")
    print("|---|--:|--:|" + "--:|" * len(heads))
    for name, noise in NOISE.items():
        for planned in (3, 5, 10):
            error = (noise[0] ** 2 / planned + noise[1] ** 2 / QUERIES) ** 0.5
            for times in (0.0, 2.0, 4.0):
                cells = errors(noise, planned, times * error, studies, name)
                print(f"| {name} | {planned} | {times:g} errors | {cells} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=4_000)
    options = parser.parse_args()
    start = time.perf_counter()
    heads = [
        f"{h}: {w}"
        for h in ("plain", "repeated")
        for w in ("early", "wrong", "covered, early", "covered, all")
    ]
    print("| noise | seeds planned | true effect | " + " | ".join(heads) + " |")
    print("|---|--:|--:|" + "--:|" * len(heads))
    for name, noise in NOISE.items():
        for planned in (3, 5, 10):
            error = (noise[0] ** 2 / planned + noise[1] ** 2 / QUERIES) ** 0.5
            for true in (0.0, 4 * error):
                cells = row(noise, planned, true, options.studies, name)
                print(
                    f"| {name} | {planned} | {true:.3f} | " + " | ".join(cells) + " |", flush=True
                )
    print_errors(options.studies // 5)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
