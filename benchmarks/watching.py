"""How often a running interval ever misses, looked at after every query, and how wide it is.

    python benchmarks/watching.py [--streams 2000]

Differences of one query lie in -1 to 1 and arrive one by one, up to 3,000 of them. "Ever missed":
streams on which the true mean lies outside after any number of queries; 5 % are promised. "t": the
same of Student's t interval from the tenth query on, as if each look were the only one. Width:
median of the confidence sequence over that of t. "Decided": the median number of queries
until the running interval excludes zero, where the true mean is as many points.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp, stdtrit
from simulated_scores import ndcg

from gonogo.analysis.statistics.confidence_sequence import anytime_mixture, running_interval
from gonogo.core.seeds import generator

MOST, AT, BATCH = 3_000, (50, 200, 1_000, 3_000), 100
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def scores(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw differences of nDCG@10 of one relevant document between two equal arms."""
    difficulty = 0.9 + 1.8 * rng.standard_normal(shape)
    arms = [ndcg(difficulty + 0.75 * rng.standard_normal(shape)) for _ in range(2)]
    return np.asarray(arms[1] - arms[0])


def flips(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw a 0/1 measure's flips: 5 % up, 5 % down."""
    return rng.choice([-1.0, 0.0, 1.0], size=shape, p=[0.05, 0.9, 0.05])


def rare(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw flips of 1 % of the queries, all of them down."""
    return -(rng.random(shape) < 0.01).astype(float)


def skewed(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw many small gains and few large losses."""
    return np.where(rng.random(shape) < 0.02, -0.98, 0.02)


CASES: dict[str, tuple[Draw, float]] = {
    "nDCG@10, equal arms": (scores, 0.0),
    "flips, 5 % each way": (flips, 0.0),
    "1 % lost": (rare, -0.01),
    "2 % lose much, others gain little": (skewed, 0.0),
}


def ever(values: np.ndarray, true: float) -> np.ndarray:
    """Return which streams' running interval ever leaves the true mean out: by the capital."""
    mixture, mean, missed = anytime_mixture(), (true + 1) / 2, np.zeros(len(values), dtype=bool)
    unit = (values + 1) / 2
    for part, at in ((unit, mean), (1 - unit, 1 - mean)):
        with np.errstate(divide="ignore"):
            won = [np.log1p(bet * (part / at - 1)).cumsum(axis=1) for bet in mixture.bets]
        capital = logsumexp(np.stack(won), axis=0, b=mixture.shares[:, None, None])
        missed |= (capital >= np.log(2 / 0.05)).any(axis=1)
    return missed


def by_t(values: np.ndarray, true: float) -> np.ndarray:
    """Return which streams' t interval ever does, from the tenth query on."""
    count = np.arange(1, values.shape[1] + 1)
    mean = values.cumsum(axis=1) / count
    variance = np.maximum((values**2).cumsum(axis=1) / count - mean**2, 0.0)
    half = stdtrit(count[9:] - 1, 0.975) * (variance[:, 9:] / (count[9:] - 1)) ** 0.5
    return np.asarray((np.abs(mean[:, 9:] - true) > half).any(axis=1))


def widths(values: np.ndarray) -> list[float]:
    """Return how much wider the running interval is than t's, by number of queries."""
    found = []
    for count in AT:
        ratios = []
        for part in values[:20, :count]:
            low, high = running_interval(part, (-1.0, 1.0))
            half = stdtrit(count - 1, 0.975) * part.std(ddof=1) / count**0.5
            ratios += [(high - low) / (2 * half)] if half > 0 else []
        found.append(float(np.median(ratios)))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=2_000)
    streams, start = parser.parse_args().streams, time.perf_counter()
    heads = " | ".join(f"width at {count:,}" for count in AT)
    print(f"| differences | ever missed, % | t: ever missed, % | {heads} |")
    print("|---|--:|--:|" + "--:|" * len(AT))
    for name, (draw, true) in CASES.items():
        missed = by_student = 0
        for batch in range(streams // BATCH):
            values = draw(generator(batch, "watching", name), (BATCH, MOST))
            missed += int(ever(values, true).sum())
            by_student += int(by_t(values, true).sum())
        cells = " | ".join(f"{ratio:.2f}" for ratio in widths(values))
        shares = f"{100 * missed / streams:.2f} | {100 * by_student / streams:.1f}"
        print(f"| {name} | {shares} | {cells} |", flush=True)
    for points in (3, 5, 10):
        needed = []
        for stream in range(40):
            values = scores(generator(stream, "decided"), (1, MOST))[0] + points / 100
            values = np.clip(values, -1, 1)
            for count in (*range(20, 200, 10), *range(200, MOST + 1, 50)):
                low, high = running_interval(values[:count], (-1.0, 1.0))
                if low > 0 or high < 0:
                    break
            needed.append(count if low > 0 or high < 0 else MOST)
        print(f"\n{points} points: decided after {np.median(needed):,.0f} queries (median)")
    print(f"\n{streams} streams a row, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
