"""What would decide: the seeds or queries with which the intervals would bear the estimate's band.

Variances are those of this study's own scores (``statistics.power``); the question is asked as if
the estimates were the truth, and answered with a power of 80 % for each effect.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gonogo.analysis.gates.support import FEWEST_QUERIES, Band, Decides
from gonogo.analysis.gates.wording import counted
from gonogo.analysis.statistics.power import Components, effective_queries, minimum_detectable
from gonogo.analysis.tables.strata import Values, count_queries, seed_means

MOST_SEEDS = 1_000
MOST_QUERIES = 1_000_000


@dataclass(frozen=True)
class Needs:
    """What would decide, each alone; None where no number up to the limit would."""

    seeds: int | None
    queries: int | None
    seeds_now: int
    queries_now: int
    seed_noise_measured: bool

    @property
    def either(self) -> bool:
        """Tell whether more seeds, or more queries, would decide by themselves."""
        return self.seeds is not None or (self.queries is not None and self.seeds_now != 1)

    @property
    def words(self) -> str:
        """Say it in one sentence."""
        ways = []
        if self.seeds is not None:
            ways.append(f"about {counted(self.seeds, 'seed')} with these queries")
        if self.queries is not None and self.seeds_now != 1:
            seeds = "" if self.seeds_now == 0 else f" with these {self.seeds_now} seeds"
            ways.append(f"about {counted(self.queries, 'query', 'queries')} in all{seeds}")
        if not ways:
            return (
                f"no number of seeds up to {MOST_SEEDS:,} or of queries up to {MOST_QUERIES:,} "
                "alone would decide this: the estimate lies too near a line"
            )
        source = (
            "this study's own variances"
            if self.seed_noise_measured
            else "this study's own queries and an assumed seed noise"
        )
        return (
            f"{' or '.join(ways)} would decide with a chance of 80 %, if the estimate is right "
            f"(from {source})"
        )


def what_decides(
    values: Sequence[Values], band: Band, decides: Decides, default: Components, *, seeded: bool
) -> Needs:
    """Return how many seeds, or how many queries, would bear a word.

    Args:
        values: of each effect, its judged values, (seeds, queries) a data set.
        band: from a figure to a word.
        decides: the judged effect of several.
        default: variances, of which the seed's is used where one seed shows none.
        seeded: False for systems without seeds, of which only queries can be drawn again.
    """
    means = [float(seed_means(each).mean()) for each in values]
    parts = [_parts(each, default, seeded=seeded) for each in values]
    weights = [effective_queries(tuple(block.shape[1] for block in each)) for each in values]
    seeds = len(values[0][0]) if seeded else 0
    queries = max(count_queries(each) for each in values)

    def sure(count: int, scale: float) -> bool:
        halves = [
            minimum_detectable(part, count, max(2, round(weight * scale)))
            for part, weight in zip(parts, weights, strict=True)
        ]
        low = decides(mean - half for mean, half in zip(means, halves, strict=True))
        high = decides(mean + half for mean, half in zip(means, halves, strict=True))
        return band(low) == band(high)

    more_queries = _first(
        range(max(queries, FEWEST_QUERIES), MOST_QUERIES + 1),
        lambda count: sure(max(seeds, 1), count / queries),
    )
    tries = range(max(2, seeds), MOST_SEEDS + 1) if queries >= FEWEST_QUERIES else range(0)
    more_seeds = _first(tries, lambda count: sure(count, 1.0))
    measured = not seeded or all(part.seed_measured for part in parts)
    return Needs(more_seeds if seeded else None, more_queries, seeds, queries, measured)


def _parts(values: Values, default: Components, *, seeded: bool) -> Components:
    if seeded:
        return Components.from_pilot(values, default)
    own = Components.from_pilot([block[:1] for block in values], default)
    return Components(seed=0.0, query=own.query, residual=own.residual)


def _first(counts: range, holds: Callable[[int], bool]) -> int | None:
    """Return the first count that is enough; what is enough stays so with more."""
    place = bisect_left(counts, True, key=holds)
    return counts[place] if place < len(counts) else None
