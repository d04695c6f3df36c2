"""What may not fall while the judged measure gains: non-inferiority by the interval.

A guardrail holds if the interval of (candidate - reference) lies above ``-margin``, is broken if it
lies below, and is open otherwise. PASS and all guardrails are shown at once by an
intersection-union test, so that no correction is due (Berger, Technometrics 24 (1982)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.pairing import difference, paired
from gonogo.analysis.gates.support import Span, span
from gonogo.analysis.gates.wording import amount, line_amount
from gonogo.analysis.promised.holes import find_holes
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import GuardrailResult
from gonogo.spec.rule.gate_parts import Guardrail
from gonogo.spec.rule.gates import ImprovementGate


@dataclass(frozen=True)
class Guarded:
    """One guardrail and the scores that it looks at, as those of a gate of its own."""

    rail: Guardrail
    scores: JudgedScores

    @property
    def holes(self) -> tuple[str, ...]:
        """Return what is missing before it may be judged."""
        return tuple(hole for found in find_holes(self.scores).values() for hole in found)


def guarded(scores: JudgedScores, reference: str) -> tuple[Guarded, ...]:
    """Return the gate's guardrails with their scores.

    Args:
        scores: the gate's own.
        reference: the baseline that the gate judges, for guardrails that name none.
    """
    return tuple(
        Guarded(rail, _part(scores, rail, rail.against or reference)) for rail in scores.gate.rails
    )


def _part(scores: JudgedScores, rail: Guardrail, reference: str) -> JudgedScores:
    gate = scores.gate
    rule = ImprovementGate(  # what a guardrail is: a difference that is held against a line
        task=rail.task or gate.tasks[0],
        metric=rail.metric or gate.metric,
        candidate=gate.candidate_arm,
        baseline=reference,
        datasets="sample" if gate.sampled else "fixed",
    )
    promised = scores.expected
    if rail.datasets:
        promised = replace(promised, tasks={**promised.tasks, rule.task: rail.datasets})
    return JudgedScores(scores.table, rule, promised)


def measure(one: Guarded, *, distinct: bool) -> GuardrailResult:
    """Judge a guardrail without holes.

    Args:
        one: the guardrail and its scores.
        distinct: whether the judged measure tells the arms apart: where the guardrail's is equal
            on every query, at its ceiling say, that is then no sign of one run handed in twice.
    """
    (contrast,) = one.scores.contrasts
    found = difference(paired(one.scores, contrast), distinct=distinct)
    return GuardrailResult(
        task=contrast.task,
        metric=one.scores.metric,
        datasets=one.scores.datasets(contrast.task),
        reference=contrast.reference or "",
        candidate=contrast.candidate,
        margin=one.rail.margin,
        difference=found,
        state=_state(span(found), one.rail.margin),
    )


def _state(sure: Span, margin: float) -> Literal["held", "broken", "open"]:
    if sure.low >= -margin:
        return "held"
    return "broken" if sure.high < -margin else "open"


def guard(outcome: Outcome, results: Sequence[GuardrailResult]) -> Outcome:
    """Return the outcome under its guardrails: they can take a PASS away, and nothing else."""
    words = {state: [rail_words(r) for r in results if r.state == state]
             for state in ("broken", "open")}  # fmt: skip
    reasons = (*outcome.reasons, *(rail_words(result) for result in results))
    outcome = replace(outcome, reasons=reasons, guardrails=tuple(results))
    if outcome.verdict != "PASS":
        return outcome
    if words["broken"]:
        why = "; ".join(words["broken"])
        return replace(outcome, verdict="FAIL", supported=True, support=f"supported; {why}")
    if not words["open"]:
        return outcome
    said = "; ".join(words["open"])
    if outcome.supported and outcome.support == "supported":
        return replace(outcome, verdict="INCONCLUSIVE", support=said)
    return replace(outcome, supported=False, support=f"{outcome.support}; {said}")


def rail_words(result: GuardrailResult) -> str:
    """Say how a guardrail stands, with its figures."""
    interval = result.difference.interval
    span_words = "no interval"
    if interval is not None:
        low, high = (amount(end, result.metric) for end in (interval.low, interval.high))
        span_words = f"{100 * interval.level:g} % interval {low} to {high}"
    return (
        f"guardrail {result.state}: {result.metric} on {result.task} changes by "
        f"{amount(result.difference.value or 0.0, result.metric)} ({span_words}) against "
        f"{result.reference}; a loss of {line_amount(result.margin, result.metric)} is borne"
    )
