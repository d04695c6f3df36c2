"""The task interference ratio (TIR) against its bands.

TIR = (specialist - joint) / specialist, per seed over the means of all data sets with equal
weight; the mean over seeds is judged, never the worst seed. A negative TIR is positive transfer.
"""

from __future__ import annotations

from typing import ClassVar

from gonogo.analysis.estimates.estimates import ratio_pseudo_values
from gonogo.analysis.estimates.thresholds import absence_shown, band_verdict
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.outcome import Outcome, invalid
from gonogo.analysis.gates.support import effect_span, settle, supported_word, why_not
from gonogo.analysis.gates.wording import (
    SUPPORTED,
    data_phrase,
    line_percent,
    listed,
    mean_and_std,
    percent,
    spread,
)
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect, Estimate
from gonogo.analysis.statistics.power import TIR_DEFAULTS, Components
from gonogo.analysis.tables.strata import Strata, Values
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.gates import InterferenceGate


class Interference(Gate[InterferenceGate]):
    """What an arm loses by learning all tasks together, judged by the task that loses most."""

    ratio: ClassVar[bool] = True
    against_specialists: ClassVar[bool] = True
    figure: ClassVar[str] = "TIR"
    meaning: ClassVar[str] = (
        "TIR, the task interference ratio, is (specialist − joint) / specialist: "
        "the share of a specialist's score that is lost when the tasks are learned together. "
        "Below zero the joint arm is better."
    )

    def judge(self, scores: JudgedScores, effects: tuple[Effect, ...]) -> Outcome:  # noqa: ARG002
        """Judge the largest TIR of any task."""
        return judge_interference(self.spec, effects)

    def alone(self, effect: Effect) -> Effect:
        """Return one task's effect with what it alone would say."""
        return judge_effect(effect, self.spec)

    def word(self, figure: float) -> Verdict:
        """Return PASS where there is interference."""
        return _band(self.spec, figure)

    def values(self, pairs: Strata) -> Values | None:
        """Return ratio pseudo-values; None where a specialist scores 0."""
        return ratio_pseudo_values(pairs)

    @property
    def noise(self) -> Components:
        """Return the usual variances of ratios."""
        return TIR_DEFAULTS

    @property
    def bounds(self) -> tuple[float, float]:
        """Return that a ratio has no lower end."""
        return float("-inf"), 1.0

    @property
    def learned_from(self) -> float:
        """Return the share of its score that training must have brought a specialist."""
        return self.spec.pass_

    def rule(self) -> list[str]:
        """State the rule."""
        gate = self.spec
        pairs = ", ".join(f"{arm} on {task}" for task, arm in gate.specialists.items())
        return [
            f"{gate.joint} is compared with the specialists ({pairs}) by {gate.metric}.",
            *_matching(gate),
            f"PASS if TIR is {line_percent(gate.pass_)} or more on any task.",
            f"FAIL if it is below {line_percent(gate.fail)} on every task.",
            "MARGINAL otherwise.",
        ]

    def line_words(self, value: float) -> str:
        """Write a line in percent."""
        return line_percent(value)

    def effect_words(self, value: float) -> str:
        """Write an effect in percent."""
        return f"a TIR of {percent(value)}"


def _matching(gate: InterferenceGate) -> list[str]:
    if not gate.beside:
        return []
    return [
        f"What is matched by {gate.matched} decides, because {gate.because.rstrip('.')};"
        f" {listed(list(gate.beside))} stands beside it and decides nothing."
    ]


def judge_effect(effect: Effect, gate: InterferenceGate) -> Effect:
    """Return the effect with what it alone would say."""
    ratio = _ratio(effect)
    point = band_verdict(ratio.value, gate.pass_, gate.fail)
    shown = absence_shown(ratio, gate.pass_)
    lines = {"fail": gate.fail, "pass": gate.pass_}
    effect = effect.model_copy(
        update={
            "lines": lines,
            "absence_shown": None if ratio.interval is None else shown,
            "point": None if ratio.value is None else point,
            "invalid": effect.invalid or ("" if ratio.value is not None else _undefined(effect)),
        }
    )
    verdict, supported = _alone(effect, gate, point)
    return effect.model_copy(update={"verdict": verdict, "supported": supported})


def _alone(effect: Effect, gate: InterferenceGate, point: Verdict) -> tuple[Verdict, bool]:
    if effect.invalid:
        return "INVALID", True
    word = supported_word([effect_span(effect)], lambda value: _band(gate, value), max)
    return settle(gate.decide_by, point, word)


def _band(gate: InterferenceGate, value: float) -> Verdict:
    return band_verdict(value, gate.pass_, gate.fail)


def judge_interference(gate: InterferenceGate, effects: tuple[Effect, ...]) -> Outcome:
    """Judge all tasks together, by the task with the largest TIR.

    PASS where the interval of *any* task lies at or above ``pass``, FAIL where those of *all* lie
    below ``fail``, MARGINAL where all lie below ``pass`` and one at or above ``fail``, else
    INCONCLUSIVE. A task whose comparison says nothing cannot bear a word; it leaves room only for
    a PASS by another one.
    """
    effects = tuple(judge_effect(effect, gate) for effect in effects)
    reasons = tuple(_reason(effect) for effect in effects)
    why = tuple(effect.invalid for effect in effects if effect.invalid)
    values = [value for e in effects if (value := _ratio(e).value) is not None]
    point = _band(gate, max(values)) if len(values) == len(effects) else None
    spans = [effect_span(effect) for effect in effects]
    word = supported_word(spans, lambda value: _band(gate, value), max)
    if why and word != "PASS":
        actions = gate.next_actions.get("INVALID", ())
        return invalid(why, actions, effects=effects, reasons=reasons, point=point)
    point = point or word
    verdict, supported = settle(gate.decide_by, point, word)
    unsure = why_not(spans, max, {"fail": gate.fail, "pass": gate.pass_}, line_percent)
    return Outcome(
        verdict=verdict,
        point=point,
        supported=supported,
        support=SUPPORTED if word == verdict != "INCONCLUSIVE" else unsure,
        claim=_claim(verdict, gate, effects),
        reasons=reasons,
        effects=effects,
        next_actions=gate.next_actions.get(verdict, ()),
    )


def _ratio(effect: Effect) -> Estimate:
    if effect.ratio is None:
        raise ValueError(f"the effect on {effect.task} was made without a ratio")
    return effect.ratio


def _claim(verdict: Verdict, gate: InterferenceGate, effects: tuple[Effect, ...]) -> str:
    parts = [_phrase(effect) for effect in effects]
    measured = (
        f"against its specialists, {gate.joint} has a task interference ratio (TIR) in "
        f"{gate.metric} of {listed(parts)}"
    )
    passes, fails = line_percent(gate.pass_), line_percent(gate.fail)
    tail = {
        "PASS": f", at least {passes} on "
        + listed([e.task for e in effects if e.verdict == "PASS"] or ["none"]),
        "FAIL": f", below {fails} on every task",
        "MARGINAL": f", below {passes} on every task, but not below {fails} on all",
    }.get(verdict, "")
    data = data_phrase(
        [effect.difference for effect in effects],
        [len(effect.datasets) for effect in effects],
        [effect.clusters for effect in effects],
    )
    return f"{measured}{tail}; {data}."


def _phrase(effect: Effect) -> str:
    ratio = _ratio(effect)
    if ratio.value is None:
        return f"unknown size on {effect.task}"
    return f"{mean_and_std(ratio)} on {effect.task} ({spread(ratio)})"


def _reason(effect: Effect) -> str:
    ratio = _ratio(effect)
    if ratio.value is None:
        return _undefined(effect)
    seeds = ", ".join(percent(point.ratio) for point in effect.per_seed if point.ratio is not None)
    by_seed = f"; by seed {seeds}" if seeds else ""
    shown = ratio.interval is not None and ratio.interval.high < 0
    transfer = "; negative: positive transfer, not interference" if shown else ""
    return (
        f"{effect.task}: TIR of {effect.candidate} against {effect.reference} "
        f"{mean_and_std(ratio)} ({spread(ratio)}){by_seed}{transfer}; "
        f"by the point estimate {_band_words(effect)}"
    )


def _undefined(effect: Effect) -> str:
    return (
        f"{effect.task}: TIR is undefined, because {effect.reference} scores 0 in {effect.metric}"
    )


def _band_words(effect: Effect) -> str:
    """Say where one task lies without the verdict's words, which belong to all tasks together."""
    passes, fails = (line_percent(effect.lines[name]) for name in ("pass", "fail"))
    words = {"PASS": f"at least {passes}", "FAIL": f"below {fails}"}
    return words.get(effect.point or "", f"between {fails} and {passes}")
