"""Per-query values of ranking measures, by trec_eval's code through ir-measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gonogo.core.metrics import Measure, canonical_metric, metric_range, parse_measure
from gonogo.core.types import Qrels, Ranking

__all__ = ["canonical_metric", "metric_range", "per_query"]


def per_query(
    ranking: Ranking, qrels: Qrels, metrics: Sequence[str]
) -> list[tuple[str, str, float]]:
    """Value every judged query by every measure.

    The order of a ranking decides, never its scores: trec_eval would break ties by document id,
    descending, and reads scores in single precision. So it is given ranks in place of scores.

    Args:
        ranking: documents of each query, best first; queries without judgements are passed over.
        qrels: grades; a query of which nothing was retrieved, or nothing is relevant, has value 0.
            Negative ones are trec_eval's word for "not judged" to Bpref and infAP; a query that has
            no other reads them as 0, since trec_eval's code ends the process on it.
        metrics: names that ``canonical_metric`` knows, such as ``nDCG@10``.

    Returns:
        (canonical name of the measure, query id, value), in the order of ``metrics`` and ``qrels``.

    Raises:
        UserError: for an unknown measure.
        ValueError: if a ranking holds a document twice.
    """
    runs = {query: _by_rank(query, ranking[query]) for query in qrels if ranking.get(query)}
    judged = {query: _survivable(qrels[query]) for query in runs}
    rows = []
    for measure in map(parse_measure, metrics):
        values = _values(measure, runs, judged)
        rows += [(str(measure), query, values.get(query, 0.0)) for query in qrels]
    return rows


def _by_rank(query: str, documents: Sequence[tuple[str, float]]) -> dict[str, float]:
    ranks = {document: -float(rank) for rank, (document, _) in enumerate(documents)}
    if len(ranks) < len(documents):
        raise ValueError(f"the ranking of query {query!r} holds a document twice")
    return ranks


def _survivable(grades: Mapping[str, int]) -> Mapping[str, int]:
    if max(grades.values(), default=0) >= 0:
        return grades
    return dict.fromkeys(grades, 0)


def _values(
    measure: Measure, runs: Mapping[str, Mapping[str, float]], judged: Qrels
) -> dict[str, float]:
    import ir_measures  # 0.05 s that a light command need not pay

    if measure.peer:
        found = ir_measures.iter_calc([ir_measures.parse_measure(measure.peer)], judged, runs)
        return {value.query_id: float(value.value) for value in found}
    peer = ir_measures.measures.registry[measure.name]
    if measure.rel > 1:
        peer = peer(rel=measure.rel)
    if measure.name == "RR":  # trec_eval's reciprocal rank has no cutoff: cut the run instead
        runs = {query: dict(list(run.items())[: measure.cutoff]) for query, run in runs.items()}
    elif measure.cutoff is not None:
        peer = peer @ measure.cutoff
    found = ir_measures.pytrec_eval.iter_calc([peer], judged, runs)
    return {value.query_id: float(value.value) for value in found}
