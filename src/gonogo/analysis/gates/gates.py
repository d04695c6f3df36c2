"""Scores to an outcome, by the kind of gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from gonogo.analysis.estimates.effects import correct, effect, level
from gonogo.analysis.gates.assay import assess, untrained_hole
from gonogo.analysis.gates.bands import judge_bands
from gonogo.analysis.gates.guardrails import guard, guarded, measure
from gonogo.analysis.gates.improvement import judge_effect as judge_gain
from gonogo.analysis.gates.improvement import judge_improvement
from gonogo.analysis.gates.interference import judge_effect as judge_ratio
from gonogo.analysis.gates.interference import judge_interference
from gonogo.analysis.gates.outcome import Outcome, incomplete
from gonogo.analysis.gates.pairing import difference, paired
from gonogo.analysis.gates.unjudged import unknowable
from gonogo.analysis.promised.expected import Contrast
from gonogo.analysis.promised.holes import find_holes
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate


def judge(scores: JudgedScores, runs: Sequence[JudgedRun] = ()) -> Outcome:
    """Apply the gate, by the scores and by how far the rankings behind them met their judgements.

    Nothing is judged over a hole: with any part missing the outcome is INCOMPLETE and lists every
    hole; effects that are whole are shown all the same.
    """
    holes = find_holes(scores)
    gate = scores.gate
    whole = tuple(c for c, found in holes.items() if not found and c.reference is not None)
    found = correct([_effect(scores, contrast) for contrast in whole])
    effects = tuple(
        _known(assess(scores, c, one), unknowable(scores, c, runs))
        for c, one in zip(whole, found, strict=True)
    )
    own = tuple(hole for found in holes.values() for hole in found)
    missing = tuple(dict.fromkeys((*own, *(() if own else untrained_hole(scores)))))
    if missing:
        return _incomplete(gate, missing, effects)
    outcome = _judged(scores, effects)
    rails = guarded(scores, outcome.effects[0].reference if outcome.effects else "")
    if lacking := tuple(dict.fromkeys(hole for rail in rails for hole in rail.holes)):
        return _incomplete(gate, tuple(f"guardrail: {hole}" for hole in lacking), effects)
    return guard(outcome, [measure(rail) for rail in rails])


def _known(found: Effect, why_not: str) -> Effect:
    return found.model_copy(update={"invalid": why_not}) if why_not else found


def _incomplete(gate: GateSpec, missing: tuple[str, ...], effects: tuple[Effect, ...]) -> Outcome:
    shown = tuple(_alone(gate, found) for found in effects)
    return incomplete(missing, gate.next_actions.get("INCOMPLETE", ()), shown)


def _judged(scores: JudgedScores, effects: tuple[Effect, ...]) -> Outcome:
    gate = scores.gate
    match gate:
        case InterferenceGate():
            return judge_interference(gate, effects)
        case ImprovementGate():
            return judge_improvement(gate, effects, _highs(scores))
        case BandsGate():
            values = list(scores.values(gate.task, gate.arm).values())
            estimate = level(values, seeded=scores.seeds(gate.arm) != (None,))
            return judge_bands(gate, estimate, len(values))
        case _:
            assert_never(gate)


def _highs(scores: JudgedScores) -> dict[str, float]:
    """Return the gains' upper ends over each of several baselines at Bonferroni's level.

    A FAIL needs only one of them, so that each may miss in 2.5 % / baselines only.
    """
    count = len(scores.contrasts)
    highs = {}
    for contrast in scores.contrasts if count > 1 else ():
        strict = difference(paired(scores, contrast), 1 - 0.05 / count).interval
        highs[contrast.reference or ""] = float("inf") if strict is None else strict.high
    return highs


def _alone(gate: GateSpec, found: Effect) -> Effect:
    """Return what one whole effect would say beside one that is missing."""
    match gate:
        case InterferenceGate():
            return judge_ratio(found, gate)
        case ImprovementGate():
            return judge_gain(found, gate)
        case BandsGate():
            return found
        case _:
            assert_never(gate)


def _effect(scores: JudgedScores, contrast: Contrast) -> Effect:
    return effect(paired(scores, contrast), ratio=isinstance(scores.gate, InterferenceGate))
