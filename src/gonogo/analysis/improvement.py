"""An absolute gain of one arm over another, with named success levels."""

from __future__ import annotations

from gonogo.analysis.outcome import Outcome
from gonogo.analysis.thresholds import (
    absence_shown,
    band_verdict,
    crossed,
    presence_shown,
    reaches,
)
from gonogo.analysis.verdict import Effect
from gonogo.analysis.wording import SUPPORTED, amount, data_phrase, line_amount, listed
from gonogo.spec.gates import ImprovementGate, Verdict


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


def judge_improvement(gate: ImprovementGate, effect: Effect) -> Outcome:
    """Judge the mean gain over seeds and data sets.

    A PASS is supported if the interval lies above ``pass``; a FAIL if it lies below it, so that the
    gain that was hoped for is ruled out.
    """
    effect = judge_effect(effect, gate)
    return Outcome(
        verdict=effect.verdict,
        support=_support(effect.verdict, gate, effect),
        claim=_claim(gate, effect),
        reasons=tuple(_level(name, line, effect) for name, line in _ascending(gate)),
        effects=(effect,),
        next_actions=gate.next_actions.get(effect.verdict, ()),
    )


def _ascending(gate: ImprovementGate) -> list[tuple[str, float]]:
    return sorted(gate.levels.items(), key=lambda level: level[1])


def _support(verdict: Verdict, gate: ImprovementGate, effect: Effect) -> str:
    gain = effect.difference
    if gain.interval is None:
        return "no interval"
    if verdict == "PASS":
        shown = presence_shown(gain, gate.pass_)
        line = line_amount(gate.pass_, gate.metric)
        return SUPPORTED if shown else f"interval reaches below {line}"
    if verdict == "FAIL":
        line = line_amount(gate.pass_, gate.metric)
        return SUPPORTED if effect.absence_shown else f"a gain of {line} was not ruled out"
    lines = {"pass": gate.pass_, "fail": gate.fail}
    across = [line_amount(lines[name], gate.metric) for name in crossed(gain, lines)]
    return f"interval holds {listed(across)}" if across else SUPPORTED


def _claim(gate: ImprovementGate, effect: Effect) -> str:
    gain = effect.difference
    value = gain.value or 0.0
    verb, over = ("gains", "over") if value >= 0 else ("loses", "against")
    reached = [name for name, line in _ascending(gate) if reaches(value, line)]
    level = f", level {reached[-1]}" if reached else ""
    data = data_phrase([gain], [len(effect.datasets)])
    return (
        f"{gate.candidate} {verb} {amount(abs(value), gate.metric)} of {gate.metric} on "
        f"{gate.task} {over} {gate.baseline} ({_spread(effect)}){level}; {data}."
    )


def _spread(effect: Effect) -> str:
    interval = effect.difference.interval
    if interval is None:
        return "no interval"
    ends = f"{amount(interval.low, effect.metric)} to {amount(interval.high, effect.metric)}"
    return f"{100 * interval.level:g} % interval {ends}"


def _level(name: str, line: float, effect: Effect) -> str:
    gain = effect.difference
    met = reaches(gain.value or 0.0, line)
    sure = {
        (True, True): "met, and the interval lies above it",
        (True, False): "met on the mean; the interval reaches below it",
    }.get((met, presence_shown(gain, line)))
    ruled_out = absence_shown(gain, line)
    sure = sure or ("not met" if ruled_out else "not met on the mean; the interval reaches it")
    return f"level {name} ({line_amount(line, effect.metric)}): {sure}"
