"""The gain over the best of several baselines: bias of its estimates, coverage of its interval.

    python benchmarks/best_baseline.py [--studies 1000]

A candidate and one, two or five baselines, with normal seed, query and residual effects of each;
baselines fall behind the best one by so many standard errors of the difference of two arms.
Bias is in standard errors of a gain (of what they are over all studies). "Least": the
smallest measured gain, as it is; "adjusted": ``over_best``. Of the gain over the baseline that is
truly the best, and of the one over the baseline that came out best.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from gonogo.analysis.estimates.effects import Paired
from gonogo.analysis.estimates.over_best import over_best
from gonogo.analysis.promised.judged import Stratum
from gonogo.core.seeds import generator

QUERIES = 100
SEED, QUERY, RESIDUAL = 0.01, 0.10, 0.15
"""Standard deviations of one arm's scores; what all arms share does not matter."""
GAPS: dict[str, tuple[float, ...]] = {
    "1": (0.0,),
    "2, equal": (0.0, 0.0),
    "2, 1 apart": (0.0, 1.0),
    "2, 4 apart": (0.0, 4.0),
    "5, equal": (0.0,) * 5,
    "5, one ahead by 1": (0.0, 1.0, 1.0, 1.0, 1.0),
    "5, one ahead by 2": (0.0, 2.0, 2.0, 2.0, 2.0),
    "5, 1/2 apart each": (0.0, 0.5, 1.0, 1.5, 2.0),
}


def arm(rng: np.random.Generator, seeds: int) -> np.ndarray:
    """Draw the effects of one arm."""
    noise = SEED * rng.standard_normal((seeds, 1)) + QUERY * rng.standard_normal(QUERIES)
    return np.asarray(0.5 + noise + RESIDUAL * rng.standard_normal((seeds, QUERIES)))


def pair(number: int, reference: np.ndarray, candidate: np.ndarray) -> Paired:
    """Return the candidate against one baseline."""
    names = tuple(str(query) for query in range(QUERIES))
    return Paired(
        "task",
        "value",
        f"baseline {number}",
        "candidate",
        (Stratum("set", names, reference, candidate),),
        tuple(range(len(candidate))),
    )


def row(gaps: tuple[float, ...], seeds: int, studies: int) -> str:
    """Return the cells of one case."""
    error = (2 * (SEED**2 / seeds + QUERY**2 / QUERIES + RESIDUAL**2 / seeds / QUERIES)) ** 0.5
    found = []
    for number in range(studies):
        rng = generator(number, "best baseline", seeds, len(gaps))
        candidate = arm(rng, seeds)
        pairs = [pair(k, arm(rng, seeds) - gap * error, candidate) for k, gap in enumerate(gaps)]
        gains = [float(candidate.mean() - p.strata[0].reference.mean()) for p in pairs]
        best = int(np.argmin(gains))
        told = over_best(pairs)
        if told is None:
            found.append((gains[best], gains[best], 0.0, np.nan, np.nan))
            continue
        interval, adjusted = told.estimate.interval, told.estimate.adjusted
        assert interval is not None
        assert adjusted is not None
        found.append((gains[best], adjusted, gaps[best] * error, interval.low, interval.high))
    least, adjusted, of_best, low, high = np.array(found).T
    cells = [
        f"{value.mean() / error:+.2f}"
        for value in (least, adjusted, least - of_best, adjusted - of_best)
    ]
    cells += [f"{(value**2).mean() ** 0.5 / error:.2f}" for value in (least, adjusted)]
    if len(gaps) > 1:
        cells += [f"{100 * np.mean((low <= 0) & (high >= 0)):.1f}", f"{100 * np.mean(low > 0):.1f}"]
        cells += [f"{100 * np.mean(high < 0):.1f}", f"{np.median(high - low) / error:.1f}"]
    else:
        cells += [""] * 4
    return " | ".join(cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5])
    options = parser.parse_args()
    start = time.perf_counter()
    print(
        "| baselines | seeds | bias, least | bias, adjusted | of the one named: least | adjusted "
        "| error, least | error, adjusted | covered | too high | too low | width |"
    )
    print("|---|" + "--:|" * 11)
    for name, gaps in GAPS.items():
        for seeds in options.seeds:
            print(f"| {name} | {seeds} | {row(gaps, seeds, options.studies)} |", flush=True)
    print(f"\n{options.studies} studies a row, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
