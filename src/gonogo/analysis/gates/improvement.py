"""An absolute gain of one arm over another, or the best of several, with named success levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gonogo.analysis.estimates.thresholds import absence_shown, band_verdict, reaches
from gonogo.analysis.gates.outcome import Outcome, invalid
from gonogo.analysis.gates.support import Span, effect_span, settle, supported_word, why_not
from gonogo.analysis.gates.wording import SUPPORTED, amount, data_phrase, line_amount, listed
from gonogo.analysis.records.effects import Effect
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.gates import ImprovementGate


def judge_effect(effect: Effect, gate: ImprovementGate) -> Effect:
    """Return the effect with its lines and what it alone would say."""
    gain = effect.difference
    point = _band(gate, gain.value or 0.0)
    word = supported_word([effect_span(effect)], lambda value: _band(gate, value), min)
    verdict, supported = settle(gate.decide_by, point, word)
    if effect.invalid:
        verdict, supported = "INVALID", True
    return effect.model_copy(
        update={
            "lines": {"fail": gate.fail, "pass": gate.pass_, **gate.levels},
            "absence_shown": None if gain.interval is None else absence_shown(gain, gate.pass_),
            "point": point,
            "verdict": verdict,
            "supported": supported,
        }
    )


def _band(gate: ImprovementGate, value: float) -> Verdict:
    return band_verdict(value, gate.pass_, gate.fail)


def judge_improvement(
    gate: ImprovementGate, effects: tuple[Effect, ...], highs: Mapping[str, float] | None = None
) -> Outcome:
    """Judge the mean gain over seeds and data sets, over the best of the baselines.

    PASS where the intervals over *every* baseline lie at or above ``pass`` (an intersection-union
    test, so that no correction for several is due), FAIL where the one over *any* lies below
    ``fail``, MARGINAL between, else INCONCLUSIVE.

    Args:
        gate: the rule.
        effects: one a baseline, all of the same candidate.
        highs: upper ends of the gains at the level that is due where several baselines stand by,
            by baseline; those of the effects' own intervals where not given.

    Returns:
        The outcome, with the effects in ascending order: the judged one first.
    """
    judged = (judge_effect(effect, gate) for effect in effects)
    effects = tuple(sorted(judged, key=lambda effect: effect.difference.value or 0.0))
    spans = [_raised(effect_span(e), (highs or {}).get(e.reference)) for e in effects]
    point = _band(gate, effects[0].difference.value or 0.0)
    reasons = tuple(_level(name, line, effects, spans) for name, line in _ascending(gate))
    if effects[0].invalid:
        actions, why = gate.next_actions.get("INVALID", ()), (effects[0].invalid,)
        return invalid(why, actions, effects=effects, reasons=reasons, point=point)
    word = supported_word(spans, lambda value: _band(gate, value), min)
    verdict, supported = settle(gate.decide_by, point, word)
    return Outcome(
        verdict=verdict,
        point=point,
        supported=supported,
        support=SUPPORTED if word == verdict != "INCONCLUSIVE" else _unsure(gate, effects, spans),
        claim=_claim(gate, effects, spans),
        reasons=reasons,
        effects=effects,
        next_actions=gate.next_actions.get(verdict, ()),
    )


def _raised(own: Span, high: float | None) -> Span:
    return own if high is None or own.blind else replace(own, high=max(own.high, high))


def _ascending(gate: ImprovementGate) -> list[tuple[str, float]]:
    return sorted(gate.levels.items(), key=lambda level: level[1])


def _unsure(gate: ImprovementGate, effects: tuple[Effect, ...], spans: list[Span]) -> str:
    lines = {"fail": gate.fail, "pass": gate.pass_}
    said = why_not(spans, min, lines, lambda line: line_amount(line, gate.metric))
    short = [
        effect.reference
        for effect, one in zip(effects, spans, strict=True)
        if not reaches(one.low, gate.pass_)
    ]
    several = len(effects) > 1 and not any(one.blind for one in spans)
    return f"over {listed(short)}, {said}" if several and 0 < len(short) < len(effects) else said


def _claim(gate: ImprovementGate, effects: tuple[Effect, ...], spans: list[Span]) -> str:
    effect, gain = effects[0], effects[0].difference
    value = gain.value or 0.0
    verb, over = ("gains", "over") if value >= 0 else ("loses", "against")
    shown = [name for name, line in _ascending(gate) if _all_reach(spans, line)]
    level = f", level {shown[-1]}" if shown else ""
    best = f", the best of {len(effects)} baselines" if len(effects) > 1 else ""
    data = data_phrase([gain], [len(effect.datasets)], [effect.clusters])
    return (
        f"{gate.candidate} {verb} {amount(abs(value), gate.metric)} of {gate.metric} on "
        f"{gate.task} {over} {effect.reference}{best} ({_spread(effect)}){level}; {data}."
    )


def _spread(effect: Effect) -> str:
    interval = effect.difference.interval
    if interval is None:
        return "no interval"
    ends = f"{amount(interval.low, effect.metric)} to {amount(interval.high, effect.metric)}"
    return f"{100 * interval.level:g} % interval {ends}"


def _all_reach(spans: list[Span], line: float) -> bool:
    return all(reaches(one.low, line) for one in spans)


def _level(name: str, line: float, effects: tuple[Effect, ...], spans: list[Span]) -> str:
    gain, metric = effects[0].difference, effects[0].metric
    met = reaches(gain.value or 0.0, line)
    if _all_reach(spans, line):
        sure = "shown: the interval lies above it"
    elif met:
        sure = "not shown: met by the point estimate, but the interval reaches below it"
    elif reaches(spans[0].high, line):
        sure = "not shown: not met by the point estimate, but the interval reaches it"
    else:
        sure = "ruled out: the interval lies below it"
    return f"level {name} ({line_amount(line, metric)}): {sure}"
