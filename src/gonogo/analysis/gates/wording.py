"""Numbers and findings in words; the words claim no more than the interval shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.effects import Estimate
from gonogo.analysis.tables.measures import value_range

SUPPORTED = "supported"


def percent(ratio: float, digits: int = 2) -> str:
    """Write a ratio in percent: 0.0213 as ``2.13 %``."""
    return f"{_plain(100 * ratio, digits)} %"


def line_percent(ratio: float) -> str:
    """Write a threshold in percent, without superfluous zeros: 0.02 as ``2 %``."""
    return f"{100 * ratio:.6g} %"


def amount(value: float, metric: str, digits: int = 2) -> str:
    """Write a difference of a metric: in points (hundredths) where the metric ends at 1."""
    if value_range(metric) == (0.0, 1.0):
        return f"{_plain(100 * value, digits)} points"
    return f"{value:.4g}"


def line_amount(value: float, metric: str) -> str:
    """Write a threshold of a difference, without superfluous zeros."""
    if value_range(metric) != (0.0, 1.0):
        return f"{value:.6g}"
    return f"{100 * value:.6g} point{'' if abs(value - 0.01) < 1e-12 else 's'}"


def _plain(value: float, digits: int) -> str:
    """Write a fixed number of digits, and never a negative zero."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def spread(estimate: Estimate, scale: float = 100.0, unit: str = " %", digits: int = 2) -> str:
    """Write an interval: ``95 % interval 2.41 to 3.83 %``."""
    interval = estimate.interval
    if interval is None:
        return "no interval"
    low, high = (_plain(scale * end, digits) for end in (interval.low, interval.high))
    return f"{100 * interval.level:g} % interval {low} to {high}{unit}"


def listed(parts: Sequence[str]) -> str:
    """Join words: ``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write a count: ``1 seed``, ``1,200 queries``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def data_phrase(
    estimates: Iterable[Estimate], datasets: Iterable[int], clusters: Iterable[int | None] = ()
) -> str:
    """Write on how much data a decision rests: ``3 seeds, 2 data sets, 1,200 queries``.

    Queries that come in clusters are followed by ``in 48 clusters``, the fewest of any effect.
    """
    estimates, sets = tuple(estimates), sorted(set(datasets))
    seeds = min(estimate.seeds for estimate in estimates)
    queries = sorted({estimate.queries for estimate in estimates})
    said_seeds = counted(seeds, "seed") if seeds else "one run without a seed"
    said_sets = counted(sets[0], "data set")
    if len(sets) > 1:
        said_sets = f"{sets[0]} to {sets[-1]} data sets a task"
    said_queries = counted(queries[0], "query", "queries")
    if len(queries) > 1:
        said_queries = f"{queries[0]:,} to {queries[-1]:,} queries a task"
    named = [count for count in clusters if count is not None]
    within = f" in {counted(min(named), 'cluster')}" if named else ""
    return f"{said_seeds}, {said_sets}, {said_queries}{within}"


def mean_and_std(estimate: Estimate) -> str:
    """Write a ratio as mean ± sample standard deviation over seeds: ``3.40 ± 0.30 %``."""
    value = _plain(100 * (estimate.value or 0.0), 2)
    return f"{value} %" if estimate.std is None else f"{value} ± {100 * estimate.std:.2f} %"


def borne(expected: Expected, seeds: int) -> str:
    """Say what a borne word rests on.

    Args:
        expected: tells whether the tier is a rehearsal.
        seeds: of the estimate; 0 where the systems have none.
    """
    if expected.preliminary:
        return f"preliminary: tier {expected.tier}"
    return SUPPORTED if seeds else f"{SUPPORTED} for these very models"


def headline(word: str, support: str, claim: str) -> str:
    """Write the one sentence: what was decided, how sure, and what it rests on.

    Args:
        word: the verdict as it may be shown, such as ``PASS, not supported``.
        support: what bears it, or why nothing does.
        claim: the sentence's body.
    """
    aside = support.startswith("preliminary") or word.endswith("not supported")
    head = f"{word} ({support})" if aside else f"{word}, {support}"
    return f"{head}: {claim}"
