"""Rankings of which too little is judged, or that are not there: they decide nothing.

A document that nobody judged counts as not relevant, so a system unlike those whose documents were
judged looks bad without being so (Buckley and Voorhees, SIGIR 2004). Where judgements name the
relevant documents alone (one a query, as in MS MARCO), an unjudged one is not relevant by
construction, and ``Judged@10`` is small for everyone: that says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gonogo.analysis.gates.wording import percent
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.analysis.tables.measures import TOLERANCE
from gonogo.spec.rule.gate_parts import Contrast

UNKNOWN_AT = 0.10
"""With no more than this share of its first ten documents judged, nothing is known of an arm."""
KNOWN_AT = 0.50
"""With this share, the other arm of a comparison is what the judgements were made from."""


def unknowable(scores: JudgedScores, contrast: Contrast, runs: Sequence[JudgedRun]) -> str:
    """Say why a comparison over these rankings says nothing; empty where it may."""
    found = {arm: list(_of(scores, contrast, arm, runs)) for arm in contrast.arms}
    for arm, mine in found.items():
        for run in mine:
            if 2 * run.ranked < run.judged:
                return (
                    f"{contrast.task}, {run.dataset}: {arm} found nothing for "
                    f"{run.judged - run.ranked:,} of {run.judged:,} queries"
                )
    known = {arm: _mean_judged(mine) for arm, mine in found.items() if mine}
    for arm, share in known.items():
        others = [one for other, one in known.items() if other != arm]
        pooled = all(run.pooled for run in found[arm])
        if share <= UNKNOWN_AT + TOLERANCE and (pooled or max(others, default=0.0) >= KNOWN_AT):
            beside = f", {percent(others[0], 0)} of the other arm's" if others else ""
            return (
                f"{contrast.task}: only {percent(share, 0)} of {arm}'s first ten documents are "
                f"judged{beside}; unjudged ones count as not relevant, so its score is not known"
            )
    return ""


def judgement_cautions(runs: Sequence[JudgedRun]) -> Iterator[str]:
    """Name rows that found nothing for some queries, worst first."""
    short = [run for run in runs if run.ranked < run.judged]
    for run in sorted(short, key=lambda one: one.ranked / one.judged):
        seed = "" if run.seed is None else f" seed {run.seed}"
        yield (
            f"{run.arm}{seed}, {run.task}, {run.dataset}: found nothing for "
            f"{run.judged - run.ranked:,} of {run.judged:,} queries, which score 0"
        )


def _of(
    scores: JudgedScores, contrast: Contrast, arm: str, runs: Sequence[JudgedRun]
) -> Iterator[JudgedRun]:
    sets, seeds = scores.datasets(contrast.task), scores.seeds(arm)
    for run in runs:
        ours = (run.arm, run.task) == (arm, contrast.task)
        if ours and run.dataset in sets and run.seed in seeds:
            yield run


def _mean_judged(runs: Sequence[JudgedRun]) -> float:
    return sum(run.judged_at for run in runs) / len(runs)
