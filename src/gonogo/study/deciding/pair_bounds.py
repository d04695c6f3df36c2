"""How far unjudged documents could move the differences that a gate judges, over all runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from gonogo.analysis.records.judged_runs import UnjudgedBounds
from gonogo.core.metrics import parse_measure
from gonogo.core.types import Qrels, Ranking
from gonogo.evaluation.text.unjudged import difference_bounds


@dataclass(frozen=True)
class Pair:
    """One difference: candidate - reference."""

    task: str
    metric: str
    reference: str
    candidate: str


Place = tuple[str, str, str]
"""Task, data set, arm."""


@dataclass
class PairBounds:
    """Collects the rankings that pairs need, no deeper than their measures look."""

    pairs: Sequence[Pair]
    rankings: dict[Place, dict[int | None, Ranking]] = field(default_factory=dict)
    qrels: dict[str, Qrels] = field(default_factory=dict)

    def add(
        self, arm: str, seed: int | None, task: str, dataset: str, ranking: Ranking, qrels: Qrels
    ) -> None:
        """Keep a run if a pair asks for it."""
        wanted = [p for p in self.pairs if p.task == task and arm in (p.reference, p.candidate)]
        if not wanted:
            return
        cutoffs = [parse_measure(pair.metric).cutoff for pair in wanted]
        deepest = None if None in cutoffs else max(cutoff or 0 for cutoff in cutoffs)
        kept = {query: documents[:deepest] for query, documents in ranking.items()}
        self.rankings.setdefault((task, dataset, arm), {})[seed] = kept
        self.qrels[dataset] = qrels

    def found(self) -> Iterator[UnjudgedBounds]:
        """Yield the bounds of every pair of which both sides are there: mean over data sets."""
        for pair in self.pairs:
            parts = [
                np.mean(seeds, axis=0)
                for dataset in self.qrels
                if (seeds := list(self._by_seed(pair, dataset)))
            ]
            if parts:
                low, value, high = np.mean(parts, axis=0).tolist()
                yield UnjudgedBounds(
                    task=pair.task,
                    metric=pair.metric,
                    reference=pair.reference,
                    candidate=pair.candidate,
                    low=low,
                    value=value,
                    high=high,
                )

    def _by_seed(self, pair: Pair, dataset: str) -> Iterator[tuple[float, float, float]]:
        """Yield bounds for each seed; a run without seed stands beside all of the other's."""
        before, after = (
            self.rankings.get((pair.task, dataset, arm), {})
            for arm in (pair.reference, pair.candidate)
        )
        for seed in sorted({*before, *after}, key=lambda one: -1 if one is None else one):
            old, new = (one.get(seed, one.get(None)) for one in (before, after))
            if old is not None and new is not None:
                yield difference_bounds(old, new, self.qrels[dataset], pair.metric)
