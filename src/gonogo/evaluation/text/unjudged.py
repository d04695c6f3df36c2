"""How far unjudged documents could move a difference of two rankings.

Froebe, Gienapp, Potthast and Hagen, "Bootstrapped nDCG Estimation in the Presence of Unjudged
Documents", ECIR 2023, bound one run's score by taking its unjudged documents all as relevant or
all as not. Here the two runs are judged together, since what both found is relevant to both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gonogo.core.metrics import parse_measure
from gonogo.core.types import Qrels, Ranking
from gonogo.evaluation.text.metrics import per_query

_DEEPEST = 1000
"""Ranks that a measure without a cutoff looks at here."""


def condensed(ranking: Ranking, qrels: Qrels) -> Ranking:
    """Return rankings without their unjudged documents (Sakai, SIGIR 2007)."""
    return {
        query: [pair for pair in documents if pair[0] in qrels.get(query, {})]
        for query, documents in ranking.items()
    }


def difference_bounds(
    reference: Ranking, candidate: Ranking, qrels: Qrels, metric: str
) -> tuple[float, float, float]:
    """Bound the mean of (candidate - reference) over what unjudged documents may be.

    For every query the difference is computed with no unjudged document relevant, with all of
    them, with those that the candidate ranks higher, and with those that the reference ranks
    higher; a relevant one has the query's best grade. The extremes of these four are exact for
    measures that add up what each rank gains (``P@k``, DCG); for those that divide by an ideal
    they are what these four reach.

    Returns:
        Low end, the measured difference, high end.
    """
    depth = parse_measure(metric).cutoff or _DEEPEST
    before, after = (_ranks(ranking, depth) for ranking in (reference, candidate))
    ways = [
        {
            q: _filled(grades, before.get(q, {}), after.get(q, {}), way)
            for q, grades in qrels.items()
        }
        for way in range(4)
    ]
    values = [_differences(reference, candidate, judged, metric) for judged in ways]
    count = len(qrels)
    return (
        sum(map(min, *values)) / count,
        sum(values[0]) / count,
        sum(map(max, *values)) / count,
    )


def _ranks(ranking: Ranking, depth: int) -> dict[str, dict[str, int]]:
    return {
        query: {name: rank for rank, (name, _) in enumerate(documents[:depth])}
        for query, documents in ranking.items()
    }


def _filled(
    grades: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int], way: int
) -> Mapping[str, int]:
    """Return grades with unjudged documents: 0 none, 1 all, 2 the candidate's, 3 the other's."""
    best, beyond = max((1, *grades.values())), len(before) + len(after)
    filled = dict(grades)
    for name in {**before, **after}:
        if name in grades:
            continue
        gain = before.get(name, beyond) - after.get(name, beyond)
        if way == 1 or (way == 2 and gain > 0) or (way == 3 and gain < 0):
            filled[name] = best
    return filled


def _differences(
    reference: Ranking, candidate: Ranking, qrels: Qrels, metric: str
) -> Sequence[float]:
    before, after = (per_query(one, qrels, [metric]) for one in (reference, candidate))
    return [b - a for (_, _, a), (_, _, b) in zip(before, after, strict=True)]
