"""A score table and a rule to a verdict: everything that a report shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from gonogo.analysis.deciding.cautions import cautions, gate_cautions
from gonogo.analysis.deciding.learning import learning_cautions
from gonogo.analysis.deciding.matching import compared, matching_cautions
from gonogo.analysis.deciding.next_steps import needs_of, next_steps
from gonogo.analysis.deciding.opposite import differing, opposite
from gonogo.analysis.deciding.plateau import plateau_cautions
from gonogo.analysis.estimates.arm_scores import arm_scores
from gonogo.analysis.estimates.group_means import group_means
from gonogo.analysis.gates.gates import judge
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.unjudged import judgement_cautions
from gonogo.analysis.gates.wording import SUPPORTED, borne, headline
from gonogo.analysis.promised.copies import judged_scores
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.verdict import Decision, FrozenGate, VerdictFile
from gonogo.core.version import __version__


def decide(
    scores: pl.DataFrame,
    gate: FrozenGate,
    expected: Expected,
    *,
    evidence: Evidence | None = None,
    command: str = "",
    created: str | None = None,
    in_domain: Collection[str] = (),
) -> VerdictFile:
    """Judge a score table.

    The same table gives the same verdict to the last bit, whatever the order of its rows or the
    names of its data sets; only ``created`` differs.

    Args:
        scores: columns arm, seed (null for rows without one), task, dataset, metric, query_id,
            value, and perhaps cluster (null: the query is its own).
        gate: the rule in force, and what was changed since it was frozen.
        expected: what was to be scored; what it leaves open is taken from the table.
        evidence: what the trials left beside their scores.
        command: makes the verdict again.
        created: the time to state; the current one unless given.
        in_domain: data sets that arms were trained on; they get means of their own.

    Raises:
        UserError: for absent columns or empty keys.
    """
    evidence = evidence or Evidence()
    judged, copies = judged_scores(scores, gate.spec, expected)
    outcome = judge(judged, evidence.judged_runs)
    rows, uneven = arm_scores(judged.table, judged.expected)
    beside = compared(judged, outcome, evidence)
    warnings = (
        *copies,
        *learning_cautions(judged, outcome),
        *gate_cautions(gate, outcome.verdict, _original(judged, gate, evidence)),
        *judgement_cautions(evidence.judged_runs),
        *plateau_cautions(judged, outcome, evidence),
        *cautions(judged, outcome, evidence),
        *matching_cautions(beside),
        *differing(outcome.effects),
        *uneven,
    )
    return VerdictFile(
        gonogo=__version__,
        created=created or datetime.now(UTC).isoformat(timespec="seconds"),
        study=expected.study,
        question=expected.question,
        tier=expected.tier,
        note=expected.note,
        preliminary=expected.preliminary,
        command=command,
        gate=gate,
        decision=_decision(judged, outcome, warnings),
        effects=outcome.effects,
        measurements=outcome.measurements,
        guardrails=outcome.guardrails,
        compared=beside,
        scores=rows,
        not_scored=judged.expected.not_scored(),
        groups=group_means(judged.table, judged.expected, in_domain),
        evidence=evidence,
    )


def _original(judged: JudgedScores, gate: FrozenGate, evidence: Evidence) -> str | None:
    """Return the verdict by the rule, the seeds and the data sets as they were frozen."""
    if gate.original is None:
        return None
    now = judged.promised
    promised = replace(
        now,
        seeds=gate.seeds or now.seeds,
        own_seeds={} if gate.seeds else now.own_seeds,
        tasks={**now.tasks, **gate.datasets},
    )
    frozen = JudgedScores(judged.table, gate.original, promised)
    return judge(frozen, evidence.judged_runs).verdict


def _decision(judged: JudgedScores, outcome: Outcome, warnings: tuple[str, ...]) -> Decision:
    needs = needs_of(judged, outcome)
    support, reasons = outcome.support, outcome.reasons
    if support.startswith(SUPPORTED):
        support = support.replace(SUPPORTED, borne(judged.expected, _seeds(outcome)), 1)
    if outcome.point is not None:
        reasons = (*reasons, f"by the point estimate: {outcome.point}")
    decision = Decision(
        verdict=outcome.verdict,
        supported=outcome.supported,
        point=outcome.point,
        answer=judged.gate.answers.get(outcome.counts_as, ""),
        support=support,
        sentence="",
        opposite=opposite(outcome.effects),
        needs="" if needs is None else needs.words,
        reasons=reasons,
        missing=outcome.missing,
        warnings=warnings,
        next_actions=next_steps(judged, outcome, needs),
    )
    point = outcome.point if outcome.point != outcome.verdict else None
    claim = outcome.claim + (f" By the point estimate alone: {point}." if point else "")
    sentence = headline(decision.word, support, claim)
    return decision.model_copy(update={"sentence": sentence})


def _seeds(outcome: Outcome) -> int:
    estimates = [effect.difference for effect in outcome.effects]
    estimates += [measurement.estimate for measurement in outcome.measurements]
    return min((estimate.seeds for estimate in estimates), default=0)
