"""The task interference ratio (TIR) against its bands.

TIR = (specialist - joint) / specialist, per seed over the means of all data sets with equal
weight; the mean over seeds is judged, never the worst seed. A negative TIR is positive transfer.
"""

from __future__ import annotations

from gonogo.analysis.estimates.thresholds import (
    absence_shown,
    band_verdict,
    crossed,
    presence_shown,
)
from gonogo.analysis.gates.outcome import Outcome, incomplete
from gonogo.analysis.gates.wording import (
    SUPPORTED,
    data_phrase,
    line_percent,
    listed,
    percent,
    spread,
)
from gonogo.analysis.records.effects import Effect, Estimate
from gonogo.spec.rule.gates import InterferenceGate, Verdict


def judge_effect(effect: Effect, gate: InterferenceGate) -> Effect:
    """Return the effect with what it alone would say."""
    ratio = _ratio(effect)
    return effect.model_copy(
        update={
            "lines": {"fail": gate.fail, "pass": gate.pass_},
            "absence_shown": None if ratio.interval is None else absence_shown(ratio, gate.pass_),
            "verdict": band_verdict(ratio.value, gate.pass_, gate.fail),
        }
    )


def judge_interference(gate: InterferenceGate, effects: tuple[Effect, ...]) -> Outcome:
    """Judge all tasks together.

    PASS if the mean TIR reaches ``pass`` on any task, FAIL if it is below ``fail`` on all, else
    MARGINAL. A PASS is supported if the interval of a deciding task lies above the ``pass`` line; a
    FAIL only if the intervals of *all* tasks lie below it (an intersection-union test, so that no
    correction for several tasks is due).
    """
    effects = tuple(judge_effect(effect, gate) for effect in effects)
    undefined = tuple(_undefined(effect) for effect in effects if _ratio(effect).value is None)
    if undefined:
        actions = gate.next_actions.get("INCOMPLETE", ())
        return incomplete(undefined, actions, effects, tuple(_reason(e) for e in effects))
    verdict = _combine([effect.verdict for effect in effects])
    return Outcome(
        verdict=verdict,
        support=_support(verdict, gate, effects),
        claim=_claim(verdict, gate, effects),
        reasons=tuple(_reason(effect) for effect in effects),
        effects=effects,
        next_actions=gate.next_actions.get(verdict, ()),
    )


def _ratio(effect: Effect) -> Estimate:
    if effect.ratio is None:
        raise ValueError(f"the effect on {effect.task} was made without a ratio")
    return effect.ratio


def _combine(verdicts: list[Verdict]) -> Verdict:
    if "PASS" in verdicts:
        return "PASS"
    return "FAIL" if set(verdicts) == {"FAIL"} else "MARGINAL"


def _support(verdict: Verdict, gate: InterferenceGate, effects: tuple[Effect, ...]) -> str:
    if any(_ratio(effect).interval is None for effect in effects):
        return "no interval"
    if verdict == "PASS":
        deciding = [_ratio(effect) for effect in effects if effect.verdict == "PASS"]
        shown = any(presence_shown(ratio, gate.pass_) for ratio in deciding)
        return SUPPORTED if shown else f"interval reaches below {line_percent(gate.pass_)}"
    if verdict == "FAIL":
        return SUPPORTED if all(e.absence_shown for e in effects) else "absence was not shown"
    return _marginal_support(gate, effects)


def _marginal_support(gate: InterferenceGate, effects: tuple[Effect, ...]) -> str:
    """Return supported if all intervals lie below ``pass`` and one lies above ``fail``."""
    ratios = [_ratio(effect) for effect in effects]
    below = all(absence_shown(ratio, gate.pass_) for ratio in ratios)
    if below and any(presence_shown(ratio, gate.fail) for ratio in ratios):
        return SUPPORTED
    lines = {"pass": gate.pass_, "fail": gate.fail}
    across = sorted({name for ratio in ratios for name in crossed(ratio, lines)})
    held = [line_percent(lines[name]) for name in across]
    return f"interval holds {listed(held)}" if held else SUPPORTED


def _claim(verdict: Verdict, gate: InterferenceGate, effects: tuple[Effect, ...]) -> str:
    parts = [_phrase(effect) for effect in effects]
    measured = (
        f"against its specialists, {gate.joint} has a task interference ratio (TIR) in "
        f"{gate.metric} of {listed(parts)}"
    )
    tail = {
        "PASS": f"reaching {line_percent(gate.pass_)} on "
        + listed([e.task for e in effects if e.verdict == "PASS"] or ["none"]),
        "FAIL": f"below {line_percent(gate.fail)} on every task",
    }.get(
        verdict,
        f"short of {line_percent(gate.pass_)} on every task, but not below "
        f"{line_percent(gate.fail)} on all",
    )
    data = data_phrase(
        [effect.difference for effect in effects], [len(effect.datasets) for effect in effects]
    )
    return f"{measured}, {tail}; {data}."


def _phrase(effect: Effect) -> str:
    ratio = _ratio(effect)
    return f"{percent(ratio.value or 0.0)} on {effect.task} ({spread(ratio)})"


def _reason(effect: Effect) -> str:
    ratio = _ratio(effect)
    if ratio.value is None:
        return _undefined(effect)
    seeds = ", ".join(percent(point.ratio) for point in effect.per_seed if point.ratio is not None)
    by_seed = f"; by seed {seeds}" if seeds else ""
    transfer = "; negative: positive transfer, not interference" if ratio.value < 0 else ""
    return (
        f"{effect.task}: TIR of {effect.candidate} against {effect.reference} "
        f"{percent(ratio.value)} ({spread(ratio)}){by_seed}{transfer}; "
        f"{_band_words(effect)}"
    )


def _undefined(effect: Effect) -> str:
    return (
        f"{effect.task}: TIR is undefined, because {effect.reference} scores 0 in {effect.metric}"
    )


def _band_words(effect: Effect) -> str:
    """Say where one task lies without the verdict's words, which belong to all tasks together."""
    passes, fails = (line_percent(effect.lines[name]) for name in ("pass", "fail"))
    words = {"PASS": f"reaches {passes}", "FAIL": f"below {fails}"}
    return words.get(effect.verdict, f"between {fails} and {passes}")
