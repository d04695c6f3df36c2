"""Scores to an outcome: the steps that every gate shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gonogo.analysis.estimates.effects import correct, effect
from gonogo.analysis.gates.assay import assess, untrained_hole
from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.guardrails import guard, guarded, measure
from gonogo.analysis.gates.outcome import Outcome, incomplete, invalid
from gonogo.analysis.gates.pairing import paired
from gonogo.analysis.gates.unjudged import unknowable
from gonogo.analysis.promised.holes import find_holes
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.spec.rule.gates import GateSpec


def judge(scores: JudgedScores, runs: Sequence[JudgedRun] = ()) -> Outcome:
    """Apply the gate, by the scores and by how far the rankings behind them met their judgements.

    Nothing is judged over a hole: with any part missing the outcome is INCOMPLETE and lists every
    hole; effects that are whole are shown all the same.
    """
    holes = find_holes(scores)
    gate = build_gate(scores.gate)
    whole = tuple(c for c, found in holes.items() if not found and c.reference is not None)
    found = correct([effect(paired(scores, one), ratio=gate.ratio) for one in whole])
    effects = tuple(
        _known(assess(gate, scores, c, one), unknowable(scores, c, runs))
        for c, one in zip(whole, found, strict=True)
    )
    own = tuple(hole for found in holes.values() for hole in found)
    missing = tuple(dict.fromkeys((*own, *(() if own else untrained_hole(scores)))))
    if missing:
        return _incomplete(gate, missing, effects)
    levels = (unknowable(scores, c, runs) for c in holes if c.reference is None)
    outcome = _measurable(gate.judge(scores, effects), tuple(filter(None, levels)))
    rails = guarded(scores, outcome.effects[0].reference if outcome.effects else "")
    if lacking := tuple(dict.fromkeys(hole for rail in rails for hole in rail.holes)):
        return _incomplete(gate, tuple(f"guardrail: {hole}" for hole in lacking), effects)
    distinct = any(one.test.wins or one.test.losses for one in outcome.effects)
    return guard(outcome, [measure(rail, distinct=distinct) for rail in rails])


def _known(found: Effect, why_not: str) -> Effect:
    return found.model_copy(update={"invalid": why_not}) if why_not else found


def _measurable(outcome: Outcome, why_not: tuple[str, ...]) -> Outcome:
    """Return the outcome of a level; it says nothing where nothing is known of the arm."""
    if not why_not:
        return outcome
    found = invalid(why_not, (), reasons=outcome.reasons, point=outcome.point)
    return replace(found, measurements=outcome.measurements)


def _incomplete(
    gate: Gate[GateSpec], missing: tuple[str, ...], effects: tuple[Effect, ...]
) -> Outcome:
    shown = tuple(gate.alone(found) for found in effects)
    return incomplete(missing, gate.spec.next_actions.get("INCOMPLETE", ()), shown)
