"""What a planned study can detect, before the compute is spent.

Variances come from a pilot (the quick tier's scores) or from stated defaults, in the squared units
of the judged estimate: a ratio for TIR, metric points for differences.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

from gonogo.analysis.statistics.variance import MeanSquares, mean_squares
from gonogo.analysis.tables.strata import Values


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of one comparison's effect: of a seed, of a query, and of what is left over."""

    seed: float
    """Of a seed's true effect, the mean over data sets."""
    query: float
    """Of a query's true effect, within a data set."""
    residual: float
    """Of one seed on one query, beyond both."""
    seed_measured: bool = True
    """False where a pilot of one seed left the seed variance to a stated default."""

    @classmethod
    def from_pilot(cls, values: Values, default: Components | None = None) -> Components:
        """Estimate from a pilot's differences or ratio pseudo-values, (seeds, queries) a data set.

        With one seed, the seed variance and the split between query and residual cannot be seen:
        the first is taken from ``default``, all of the rest is called query variance.

        Raises:
            ValueError: for anything but a full layout.
        """
        parts = mean_squares(values)
        queries = effective_queries(parts.queries)
        query, residual = sum(parts.query_parts), sum(parts.residual_parts)
        if parts.seeds == 1:
            seed = (default or TIR_DEFAULTS).seed
            return cls(seed=seed, query=query * queries, residual=0.0, seed_measured=False)
        return cls(
            seed=max(0.0, (parts.seed_part - residual) * parts.seeds),
            query=max(0.0, (query - residual) * queries),
            residual=residual * queries * parts.seeds,
        )

    def mean_squares(self, seeds: int, queries: int) -> MeanSquares:
        """Return what is expected of ``variance.mean_squares`` with so many seeds and queries."""
        residual = self.residual / (seeds * queries)
        return MeanSquares(
            seeds=seeds,
            queries=(queries,),
            seed_part=self.seed / seeds + residual,
            query_parts=(self.query / queries + residual,),
            residual_parts=(residual,),
        )


TIR_DEFAULTS = Components(seed=0.01**2, query=0.10**2, residual=0.20**2)
"""For planning without a pilot: standard deviations of 1 % (seed), 10 % and 20 % of the score."""


def effective_queries(queries: tuple[int, ...]) -> float:
    """Return how many queries of one data set weigh as much: datasets^2 / sum(1 / queries)."""
    return len(queries) ** 2 / sum(1 / count for count in queries)


def minimum_detectable(
    components: Components, seeds: int, queries: int, *, level: float = 0.95, power: float = 0.8
) -> float:
    """Return the smallest true effect whose two-sided interval excludes zero with chance ``power``.

    Args:
        components: variances of the effect, in squared units of the returned value.
        seeds: planned. One seed's own interval is blind to seed noise, so that for one seed this is
            what could be said if the components were known exactly: a lower bound.
        queries: planned, over all data sets (``effective_queries`` where they differ much).
        level: of the interval.
        power: chance to detect.
    """
    from scipy.special import nctdtrinc

    parts = components.mean_squares(seeds, queries)
    if parts.variance == 0:
        return 0.0
    error: float = parts.variance**0.5
    if seeds == 1:
        parts = replace(parts, seed_part=0.0, query_parts=(parts.variance,), residual_parts=(0.0,))
    # The estimated error spreads as chi with Satterthwaite's degrees of freedom, to first order.
    return error * float(nctdtrinc(parts.df, 1 - power, parts.half_width(level) / error))


def seeds_needed(
    effect: float,
    components: Components,
    queries: int,
    *,
    level: float = 0.95,
    power: float = 0.8,
    most: int = 1_000,
) -> int | None:
    """Return the fewest seeds (at least 2) that detect ``effect``; None if ``most`` do not.

    More seeds never help beyond the noise of the queries: then more queries are needed.
    """

    def detects(seeds: int) -> bool:
        found = minimum_detectable(components, seeds, queries, level=level, power=power)
        return found <= effect

    counts = range(2, most + 1)  # what a number of seeds detects, any larger one does
    first = bisect_left(counts, True, key=detects)
    return counts[first] if first < len(counts) else None
