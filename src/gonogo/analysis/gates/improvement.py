"""An absolute gain of one arm over another, or the best of several, with named success levels."""

from __future__ import annotations

from gonogo.analysis.estimates.thresholds import (
    absence_shown,
    band_verdict,
    presence_shown,
    reaches,
)
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.wording import SUPPORTED, amount, data_phrase, line_amount, listed
from gonogo.analysis.records.effects import Effect
from gonogo.spec.rule.gates import ImprovementGate, Verdict


def judge_effect(effect: Effect, gate: ImprovementGate) -> Effect:
    """Return the effect with its lines and its verdict."""
    gain = effect.difference
    return effect.model_copy(
        update={
            "lines": {"fail": gate.fail, "pass": gate.pass_, **gate.levels},
            "absence_shown": None if gain.interval is None else absence_shown(gain, gate.pass_),
            "verdict": band_verdict(gain.value, gate.pass_, gate.fail),
        }
    )


def judge_improvement(gate: ImprovementGate, effects: tuple[Effect, ...]) -> Outcome:
    """Judge the mean gain over seeds and data sets, over the best of the baselines.

    A PASS is supported if the interval lies above ``pass``, over *every* baseline (an
    intersection-union test, so that no correction for several is due); a FAIL if the interval over
    the best one lies below it, so that the gain that was hoped for is ruled out.

    Args:
        gate: the rule.
        effects: one a baseline, all of the same candidate.

    Returns:
        The outcome, with the effects in ascending order: the judged one first.
    """
    judged = (judge_effect(effect, gate) for effect in effects)
    effects = tuple(sorted(judged, key=lambda effect: effect.difference.value or 0.0))
    verdict = effects[0].verdict
    return Outcome(
        verdict=verdict,
        support=_support(verdict, gate, effects),
        claim=_claim(gate, effects),
        reasons=tuple(_level(name, line, effects) for name, line in _ascending(gate)),
        effects=effects,
        next_actions=gate.next_actions.get(verdict, ()),
    )


def _ascending(gate: ImprovementGate) -> list[tuple[str, float]]:
    return sorted(gate.levels.items(), key=lambda level: level[1])


def _short_of(line: float, effects: tuple[Effect, ...]) -> list[str]:
    """Return the baselines over which a gain of ``line`` is not shown."""
    return [e.reference for e in effects if not presence_shown(e.difference, line)]


def _support(verdict: Verdict, gate: ImprovementGate, effects: tuple[Effect, ...]) -> str:
    gain = effects[0].difference
    if any(effect.difference.interval is None for effect in effects):
        return "no interval"
    aim = line_amount(gate.pass_, gate.metric)
    if verdict == "PASS":
        short = _short_of(gate.pass_, effects)
        over = f" over {listed(short)}" if short and len(effects) > 1 else ""
        return f"interval{over} reaches below {aim}" if short else SUPPORTED
    if verdict == "FAIL":
        return SUPPORTED if effects[0].absence_shown else f"a gain of {aim} was not ruled out"
    held = [
        line_amount(line, gate.metric)
        for line in (gate.fail, gate.pass_)
        if _short_of(line, effects) and not absence_shown(gain, line)
    ]
    return f"interval holds {listed(held)}" if held else SUPPORTED


def _claim(gate: ImprovementGate, effects: tuple[Effect, ...]) -> str:
    effect, gain = effects[0], effects[0].difference
    value = gain.value or 0.0
    verb, over = ("gains", "over") if value >= 0 else ("loses", "against")
    reached = [name for name, line in _ascending(gate) if reaches(value, line)]
    level = f", level {reached[-1]}" if reached else ""
    best = f", the best of {len(effects)} baselines" if len(effects) > 1 else ""
    data = data_phrase([gain], [len(effect.datasets)])
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


def _level(name: str, line: float, effects: tuple[Effect, ...]) -> str:
    gain, metric = effects[0].difference, effects[0].metric
    met = reaches(gain.value or 0.0, line)
    sure = {
        (True, True): "met, and the interval lies above it",
        (True, False): "met on the mean; the interval reaches below it",
    }.get((met, not _short_of(line, effects)))
    ruled_out = absence_shown(gain, line)
    sure = sure or ("not met" if ruled_out else "not met on the mean; the interval reaches it")
    return f"level {name} ({line_amount(line, metric)}): {sure}"
