"""How far a run and its judgements meet: what must be known before a value is believed.

A query without a ranking counts as 0 and a document without a judgement as not relevant, in
trec_eval as here; so ids that lost their zeros, a job that died half-way, or a run cut short of
the measure's depth look like a bad system.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from gonogo.core.types import Qrels, Ranking

JUDGED_AT = 10
"""Depth of the share of judged documents that is shown for every run."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A run beside its judgements."""

    judged: int
    """Queries that have judgements."""
    ranked: int
    """Of these, those that have a ranking."""
    absent: tuple[str, ...]
    """Judged queries without a ranking, in the order of the judgements."""
    foreign: tuple[str, ...]
    """Ranked queries without judgements, in the order of the run."""
    depth: tuple[int, int]
    """Fewest and most documents of a judged query's ranking; zeros where there is none."""
    documents: int
    """Documents judged for the queries that have a ranking."""
    found: int
    """Of these, those that the rankings hold at any depth."""
    judged_at: float
    """Mean share of judged documents among the first ``JUDGED_AT`` of a ranking (Judged@10)."""
    pooled: bool = False
    """Whether the judgements name documents that are not relevant, and enough a query to fill half
    of ``JUDGED_AT`` ranks on average: judgements of what systems found, not of what is known."""

    def __str__(self) -> str:
        low, high = self.depth
        ranks = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        return (
            f"{self.ranked:,} of {self.judged:,} judged queries ranked, {ranks} documents each; "
            f"{self.found:,} of {self.documents:,} judged documents found; "
            f"Judged@{JUDGED_AT} {self.judged_at:.2f}"
        )

    def notes(self) -> tuple[str, ...]:
        """Return what is odd about it, in words."""
        found = []
        if self.absent:
            found.append(
                f"{len(self.absent):,} of {self.judged:,} judged queries have no ranking "
                f"({_few(self.absent)}) and count as 0"
            )
        if self.foreign:
            found.append(
                f"{len(self.foreign):,} ranked queries have no judgement ({_few(self.foreign)})"
            )
        if self.ranked and not self.found:
            found.append("no document of any ranking is judged: do the document ids meet?")
        return tuple(found)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(islice(names, 3)) + (", ..." if len(names) > 3 else "")


def coverage(ranking: Ranking, qrels: Qrels) -> Coverage:
    """Count what of a run its judgements know, and the other way round."""
    ranked = [query for query in qrels if ranking.get(query)]
    lengths = [len(ranking[query]) for query in ranked]
    found, shares = 0, 0.0
    for query in ranked:
        grades, names = qrels[query], [name for name, _ in ranking[query]]
        found += len(grades.keys() & set(names))
        top = names[:JUDGED_AT]
        shares += sum(name in grades for name in top) / len(top)
    known = set(ranked)
    return Coverage(
        judged=len(qrels),
        ranked=len(ranked),
        absent=tuple(query for query in qrels if query not in known),
        foreign=tuple(query for query in ranking if query not in qrels),
        depth=(min(lengths, default=0), max(lengths, default=0)),
        documents=sum(len(qrels[query]) for query in ranked),
        found=found,
        judged_at=shares / len(ranked) if ranked else 0.0,
        pooled=_is_pooled(qrels),
    )


def _is_pooled(qrels: Qrels) -> bool:
    fillable = sum(min(JUDGED_AT, len(grades)) for grades in qrels.values())
    dense = 2 * fillable >= JUDGED_AT * len(qrels)
    return dense and any(min(grades.values(), default=1) <= 0 for grades in qrels.values())
