"""How far rankings met their judgements, and what unjudged documents leave open."""

from __future__ import annotations

from gonogo.spec.base import Spec


class JudgedRun(Spec):
    """One ranking beside its judgements."""

    arm: str
    seed: int | None
    task: str
    dataset: str
    judged: int
    """Queries that have judgements."""
    ranked: int
    """Of these, those that have a ranking."""
    depth: tuple[int, int]
    """Fewest and most documents of a judged query's ranking."""
    documents: int
    """Documents judged for the queries that have a ranking."""
    found: int
    """Of these, those that the rankings hold at any depth."""
    judged_at: float
    """Judged@10: mean share of judged documents among the first ten of a ranking."""
    pooled: bool = False
    """Whether the judgements name documents that are not relevant, and enough documents a query to
    fill half of ten ranks: then an unjudged document is unknown, and not just not relevant."""


class UnjudgedBounds(Spec):
    """A paired difference with every unjudged document taken one way or the other.

    Source: Froebe et al., "Bootstrapped nDCG Estimation in the Presence of Unjudged Documents",
    ECIR 2023; here for the difference of two runs.
    """

    task: str
    metric: str
    reference: str
    candidate: str
    low: float
    """candidate - reference where unjudged documents are as bad for the candidate as they can."""
    value: float
    """As measured: no unjudged document is relevant."""
    high: float
    """Where they are as good for the candidate as they can."""
