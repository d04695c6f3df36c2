"""Percentile bootstraps over queries, and over seeds and queries, for those who expect them.

Queries are resampled within each data set; the second bootstrap also resamples whole seeds,
independently of the queries (Owen, Annals of Applied Statistics 1 (2007): the pigeonhole
bootstrap, which is conservative where the residual dominates).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8

from gonogo.analysis.tables.strata import Values, check_values, count_queries
from gonogo.core.seeds import generator

_BLOCK = 1 << 19
"""Resampled positions counted at once: what stays in the processor's cache."""

_MOST = 10_000_000
"""Resampled positions of one estimate: many queries get fewer resamples, but never below 1,000."""

_KEPT = 1 << 24
"""Bytes of counts worth keeping for the next estimate over as many queries."""


def affordable_draws(values: Values, draws: int) -> int:
    """Return how many of ``draws`` resamples to take, so that the work stays linear and bounded.

    The more queries there are, the nearer the resampled mean is to a normal one, and the less its
    quantiles gain from further draws.
    """
    queries = count_queries(values)
    return min(draws, max(1_000, _MOST // queries))


def _count_blocks(
    queries: int, occurrence: int, draws: int, seed: int
) -> Iterator[UInt8[np.ndarray, "_ queries"]]:
    """Yield how often each query is drawn, some resamples at a time."""
    rng = generator(seed, "query bootstrap", queries, occurrence)
    rows = max(1, _BLOCK // queries)
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        drawn = rng.integers(0, queries, size=(size, queries), dtype=np.uint32)
        drawn += np.uint32(queries) * np.arange(size, dtype=np.uint32)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * queries)
        yield counts.astype(np.uint8).reshape(size, queries)


@lru_cache(maxsize=16)
def _kept_counts(
    queries: int, occurrence: int, draws: int, seed: int
) -> tuple[UInt8[np.ndarray, "_ queries"], ...]:
    """Return all counts, kept: estimates over as many queries resample alike."""
    return tuple(_count_blocks(queries, occurrence, draws, seed))


def resampled_seed_means(values: Values, draws: int, seed: int) -> Float[np.ndarray, "draws s"]:
    """Return each seed's mean over data sets in each resample of the queries."""
    total = np.zeros((draws, len(values[0])))
    seen: Counter[int] = Counter()
    for block in values:
        queries = block.shape[1]
        which = (queries, seen[queries], draws, seed)
        few = draws * queries <= _KEPT
        shares = (block.T / queries).astype(np.float32)
        start = 0
        for counts in _kept_counts(*which) if few else _count_blocks(*which):
            total[start : start + len(counts)] += counts.astype(np.float32) @ shares
            start += len(counts)
        seen[queries] += 1
    return total / len(values)


def bootstrap_quantiles(
    values: Values, level: float, *, draws: int, seed: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the query-only and the seeds-and-queries percentile interval of the overall mean.

    Args:
        values: one (seeds, queries) array a data set.
        level: coverage asked for, such as 0.95.
        draws: resamples of each kind.
        seed: of the resamples.

    Raises:
        ValueError: for anything but a full layout.
    """
    check_values(values)
    means = resampled_seed_means(values, draws, seed)
    seeds = means.shape[1]
    rng = generator(seed, "seed bootstrap", seeds)
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws) / seeds
    tails = ((1 - level) / 2, (1 + level) / 2)
    over_queries = np.quantile(means.mean(axis=1), tails)
    over_both = np.quantile((means * weights).sum(axis=1), tails)
    return (
        (float(over_queries[0]), float(over_queries[1])),
        (float(over_both[0]), float(over_both[1])),
    )
