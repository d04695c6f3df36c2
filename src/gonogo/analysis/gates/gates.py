"""Scores to an outcome, by the kind of gate."""

from __future__ import annotations

from typing import assert_never

from gonogo.analysis.estimates.effects import Paired, correct, effect, level
from gonogo.analysis.gates.bands import judge_bands
from gonogo.analysis.gates.improvement import judge_effect as judge_gain
from gonogo.analysis.gates.improvement import judge_improvement
from gonogo.analysis.gates.interference import judge_effect as judge_ratio
from gonogo.analysis.gates.interference import judge_interference
from gonogo.analysis.gates.outcome import Outcome, incomplete
from gonogo.analysis.promised.expected import Contrast
from gonogo.analysis.promised.holes import find_holes
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate


def judge(scores: JudgedScores) -> Outcome:
    """Apply the gate.

    Nothing is judged over a hole: with any part missing the outcome is INCOMPLETE and lists every
    hole; effects that are whole are shown all the same.
    """
    holes = find_holes(scores)
    missing = tuple(dict.fromkeys(hole for found in holes.values() for hole in found))
    gate = scores.gate
    whole = tuple(c for c, found in holes.items() if not found and c.reference is not None)
    effects = correct([_effect(scores, contrast) for contrast in whole])
    if missing:
        shown = tuple(_alone(gate, found) for found in effects)
        return incomplete(missing, gate.next_actions.get("INCOMPLETE", ()), shown)
    match gate:
        case InterferenceGate():
            return judge_interference(gate, effects)
        case ImprovementGate():
            return judge_improvement(gate, effects)
        case BandsGate():
            values = list(scores.values(gate.task, gate.arm).values())
            estimate = level(values, seeded=scores.seeds(gate.arm) != (None,))
            return judge_bands(gate, estimate, len(values))
        case _:
            assert_never(gate)


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
    if contrast.reference is None:
        raise ValueError("a level has no effect")
    paired = Paired(
        task=contrast.task,
        metric=scores.metric,
        reference=contrast.reference,
        candidate=contrast.candidate,
        strata=scores.strata(contrast),
        seeds=scores.paired_seeds(contrast),
        unseeded=frozenset(arm for arm in contrast.arms if scores.seeds(arm) == (None,)),
        sample=not isinstance(scores.gate, BandsGate) and scores.gate.datasets == "sample",
    )
    return effect(paired, ratio=isinstance(scores.gate, InterferenceGate))
