"""An absolute gain of one arm over another, or the best of several, with named success levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gonogo.analysis.estimates.thresholds import absence_shown, band_verdict, reaches
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.outcome import Outcome, invalid
from gonogo.analysis.gates.pairing import difference, paired
from gonogo.analysis.gates.support import (
    Decides,
    Span,
    effect_span,
    settle,
    span,
    supported_word,
    why_not,
)
from gonogo.analysis.gates.wording import SUPPORTED, amount, data_phrase, line_amount, listed
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.statistics.power import TIR_DEFAULTS, Components
from gonogo.analysis.tables.measures import value_range
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.gates import ImprovementGate

_USUAL_SCORE = 0.5
"""A usual mean of nDCG@10: turns the noise of ratios into that of differences."""


class Improvement(Gate[ImprovementGate]):
    """What an arm gains over another, or over the best of several."""

    def judge(self, scores: JudgedScores, effects: tuple[Effect, ...]) -> Outcome:
        """Judge the smallest gain over any baseline."""
        return judge_improvement(self.spec, effects, _highs(scores))

    def alone(self, effect: Effect) -> Effect:
        """Return the gain over one baseline with what it alone would say."""
        return judge_effect(effect, self.spec)

    def word(self, figure: float) -> Verdict:
        """Return PASS where the candidate wins."""
        return _band(self.spec, figure)

    @property
    def decides(self) -> Decides:
        """Return the smallest gain: that over the best baseline."""
        return min

    @property
    def noise(self) -> Components:
        """Return the usual variances of differences."""
        scale, ratio = _USUAL_SCORE**2, TIR_DEFAULTS
        return Components(scale * ratio.seed, scale * ratio.query, scale * ratio.residual)

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the largest loss and the largest gain that the metric allows."""
        low, high = value_range(self.spec.metric)
        return low - high, high - low

    def unlearned(
        self, effect: Effect, *, trained: bool, candidate_learned: Callable[[], bool]
    ) -> str:
        """Say that neither arm has learned.

        It is enough that either has, or that the gain itself is shown: that is learning too. A row
        that nothing trains, such as BM25, has nothing to learn.
        """
        gained = span(effect.difference).low >= self.spec.pass_
        if gained or not trained or candidate_learned():
            return ""
        arms = f"neither {effect.reference} nor {effect.candidate}"
        return f"{arms} is shown to have learned {effect.task}"

    def rule(self) -> list[str]:
        """State the rule."""
        gate = self.spec
        levels = ", ".join(f"{name} from {value:g}" for name, value in gate.levels.items())
        rival = gate.sole_baseline or f"the best of {listed(gate.baselines)}"
        return [
            f"{gate.candidate} is compared with {rival} on {gate.task} by {gate.metric}.",
            f"PASS if the gain is {gate.pass_:g} or more.",
            f"FAIL if it is below {gate.fail:g}.",
            "MARGINAL otherwise.",
            *([f"Levels of success: {levels}."] if levels else []),
        ]


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
