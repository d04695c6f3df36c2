"""An absolute gain of one arm over another, or the best of several, with named success levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gonogo.analysis.estimates.over_best import OverBest, over_best
from gonogo.analysis.estimates.thresholds import absence_shown, band_verdict, reaches
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.outcome import Outcome, invalid
from gonogo.analysis.gates.pairing import paired
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
        pairs = [paired(scores, contrast) for contrast in scores.contrasts]
        return judge_improvement(self.spec, effects, over_best(pairs))

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
    gate: ImprovementGate, effects: tuple[Effect, ...], best: OverBest | None = None
) -> Outcome:
    """Judge the mean gain over seeds and data sets, over the best of the baselines.

    PASS where the intervals over *every* baseline lie at or above ``pass`` (an intersection-union
    test, so that no correction for several is due), FAIL where the one over *any* lies below
    ``fail``, MARGINAL between, else INCONCLUSIVE.

    Args:
        gate: the rule.
        effects: one a baseline, all of the same candidate.
        best: the gain over the best of several, the choice of the best by the same scores accounted
            for; the effects' own gains and intervals where not given.

    Returns:
        The outcome, with the effects in ascending order: the judged one first.
    """
    judged = (judge_effect(effect, gate) for effect in effects)
    effects = tuple(sorted(judged, key=lambda effect: effect.difference.value or 0.0))
    if best is not None:
        effects = (effects[0].model_copy(update={"over_best": best.estimate}), *effects[1:])
    highs = {} if best is None else best.highs
    spans = [_raised(effect_span(e), highs.get(e.reference)) for e in effects]
    point = _band(gate, _gain(effects[0]))
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


def _gain(effect: Effect) -> float:
    """Return the reported gain: over the best of several, with what choosing it cost put back."""
    best = effect.over_best
    if best is not None and best.adjusted is not None:
        return best.adjusted
    return effect.difference.value or 0.0


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
    value = _gain(effect)
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
    judged = effect.over_best or effect.difference
    if judged.interval is None:
        return "no interval"
    low, high = (amount(end, effect.metric) for end in (judged.interval.low, judged.interval.high))
    said = f"{100 * judged.interval.level:g} % interval {low} to {high}"
    least, adjusted = (amount(v, effect.metric) for v in (judged.value or 0.0, _gain(effect)))
    return said if least == adjusted else f"{said}; {least} before its choice is accounted for"


def _all_reach(spans: list[Span], line: float) -> bool:
    return all(reaches(one.low, line) for one in spans)


def _level(name: str, line: float, effects: tuple[Effect, ...], spans: list[Span]) -> str:
    metric = effects[0].metric
    met = reaches(_gain(effects[0]), line)
    if _all_reach(spans, line):
        sure = "shown: the interval lies above it"
    elif met:
        sure = "not shown: met by the point estimate, but the interval reaches below it"
    elif reaches(spans[0].high, line):
        sure = "not shown: not met by the point estimate, but the interval reaches it"
    else:
        sure = "ruled out: the interval lies below it"
    return f"level {name} ({line_amount(line, metric)}): {sure}"
