"""How a cascade does on pairs with a known next vector: recall and latency, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gonogo.evaluation.cascade.cascade import Asked, Cascade


@dataclass(frozen=True, slots=True)
class StageReport:
    """One stage, over all queries.

    Attributes:
        name: of the stage, or ``whole`` for all of them together.
        kept: rows that it hands on.
        recall: share of the targets among them.
        p50: median latency, in milliseconds.
        p95: 95th percentile, in milliseconds.
    """

    name: str
    kept: int
    recall: float
    p50: float
    p95: float


def measure(
    cascade: Cascade, asked: Sequence[Asked], targets: Sequence[int], *, warm_up: int = 3
) -> list[StageReport]:
    """Ask one query after the other and report on every stage, and on the whole.

    Args:
        cascade: what is measured.
        asked: queries.
        targets: bank row that each should find.
        warm_up: queries asked before, for caches and thread pools; not counted.

    Raises:
        ValueError: without queries.
    """
    if not asked:
        raise ValueError("no queries to measure a cascade with")
    for one in asked[:warm_up]:
        cascade.search(one)
    traces = [cascade.search(one) for one in asked]
    reports = []
    for place, first in enumerate(traces[0]):
        seconds = np.array([trace[place].seconds for trace in traces])
        hits = [
            bool((trace[place].rows == t).any()) for trace, t in zip(traces, targets, strict=True)
        ]
        kept = max(len(trace[place].rows) for trace in traces)
        reports.append(_report(first.name, kept, hits, seconds))
    whole = np.array([sum(stage.seconds for stage in trace) for trace in traces])
    last = reports[-1]
    p50, p95 = np.percentile(1e3 * whole, [50, 95])
    return [*reports, StageReport("whole", last.kept, last.recall, float(p50), float(p95))]


def _report(name: str, kept: int, hits: Sequence[bool], seconds: np.ndarray) -> StageReport:
    p50, p95 = np.percentile(1e3 * seconds, [50, 95])
    return StageReport(name, kept, float(np.mean(hits)), float(p50), float(p95))
