"""The judged figures at a glance: one card an effect or measured value."""

from __future__ import annotations

from dataclasses import dataclass

from gonogo.analysis.records.effects import Effect, Estimate, Measurement
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit, bounds, level, number, spread, threshold
from gonogo.report.words.judged import effect_name, is_ratio, judged, judged_name, judged_unit
from gonogo.report.words.tones import tone


@dataclass(frozen=True)
class Card:
    """A large figure with a few lines under it; ``verdict`` is empty where it has none."""

    name: str
    value: str
    unit: str
    verdict: str
    lines: tuple[str, ...]
    tone: str = ""
    """The colour of the verdict."""


def cards(verdict: VerdictFile) -> list[Card]:
    """One card for everything that the gate looked at."""
    return [
        *(_effect_card(verdict, effect) for effect in verdict.effects),
        *(_measurement_card(one) for one in verdict.measurements),
    ]


def _interval(estimate: Estimate | None, unit: Unit) -> list[str]:
    if estimate is None or estimate.interval is None:
        return ["no interval"]
    one = estimate.interval
    note = f", given {one.note}" if one.note else ""
    return [f"{level(one.level)} interval {bounds(one.low, one.high, unit)}{note}"]


def _data(estimate: Estimate) -> str:
    seeds = f"{estimate.seeds} seed{'' if estimate.seeds == 1 else 's'}"
    return f"{seeds}, {estimate.queries:,} queries"


def _effect_card(verdict: VerdictFile, effect: Effect) -> Card:
    estimate, unit = judged(verdict, effect), judged_unit(verdict)
    lines = _interval(estimate, unit)
    if is_ratio(verdict) and len(effect.per_seed) > 1:
        seeds = ", ".join(number(point.ratio, unit) for point in effect.per_seed)
        lines.append(f"by seed {seeds}")
    if effect.point is not None and effect.point != effect.verdict:
        lines.append(f"by the point estimate {effect.point}")
    if is_ratio(verdict):
        lines.append(f"difference {number(effect.difference.value, 'signed')} {effect.metric}")
    lines += _adjusted(effect, estimate, unit) + _learned(effect)
    if effect.absence_shown is not None and effect.verdict not in ("PASS", "INVALID"):
        line = threshold(effect.lines["pass"], unit) if "pass" in effect.lines else "upper"
        shown = "shown: the interval lies" if effect.absence_shown else "not shown: it does not lie"
        lines.append(f"absence {shown} below the {line} line")
    lines.append(f"{effect.candidate} against {effect.reference}; {_data(effect.difference)}")
    return Card(
        name=f"{effect_name(verdict, effect)}, {effect.metric}",
        value=_value(estimate, unit),
        unit=judged_name(verdict),
        verdict=_shown(effect),
        lines=tuple(lines),
        tone=tone(effect.verdict, supported=effect.supported),
    )


def _adjusted(effect: Effect, estimate: Estimate | None, unit: Unit) -> list[str]:
    """Say what looking early, or choosing the best baseline by the same scores, has put in."""
    lines, best = [], effect.over_best
    if estimate is not None and estimate.adjusted is not None:
        lines.append(f"less the bias of looking early {number(estimate.adjusted, unit)}")
    if best is not None and best.adjusted is not None:
        (interval,) = _interval(best, unit)
        gain = number(best.adjusted, unit)
        lines.append(f"over the best baseline, its choice accounted for, {gain}; {interval}")
    return lines


def _shown(effect: Effect) -> str:
    return effect.verdict if effect.supported else f"{effect.verdict}, not supported"


def _value(estimate: Estimate | None, unit: Unit) -> str:
    """Write mean ± sample standard deviation over seeds."""
    if estimate is None or estimate.value is None or estimate.std is None:
        return number(None if estimate is None else estimate.value, unit)
    return f"{number(estimate.value, unit).removesuffix(' %')} ± {spread(estimate.std, unit)}"


def _learned(effect: Effect) -> list[str]:
    found = effect.learning
    if found is None:
        return []
    what = found.gain if effect.ratio is None else found.share
    unit: Unit = "signed" if effect.ratio is None else "percent"
    value = number(None if what is None else what.value, unit)
    kept = found.retention
    retained = "" if kept is None else f", of which {effect.candidate} keeps {_kept(kept)}"
    return [f"{found.arm} learned {value} beyond {found.untrained}{retained}"]


def _kept(kept: Estimate) -> str:
    span = "no bounded interval"
    if kept.interval is not None:
        span = bounds(kept.interval.low, kept.interval.high, "percent")
    return f"{number(kept.value, 'percent')} ({span})"


def _measurement_card(one: Measurement) -> Card:
    return Card(
        name=f"{one.task}, {one.arm}",
        value=number(one.estimate.value, "score"),
        unit=one.metric,
        verdict=one.band or "",
        lines=(*_interval(one.estimate, "score"), _data(one.estimate)),
    )
