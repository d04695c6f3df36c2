"""The judged figures at a glance: one card an effect or measured value."""

from __future__ import annotations

from dataclasses import dataclass

from gonogo.analysis.records.effects import Effect, Estimate, Measurement
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit, bounds, level, number, threshold
from gonogo.report.words.judged import effect_name, is_ratio, judged, judged_name, judged_unit


@dataclass(frozen=True)
class Card:
    """A large figure with a few lines under it; ``verdict`` is empty where it has none."""

    name: str
    value: str
    unit: str
    verdict: str
    lines: tuple[str, ...]


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
    if is_ratio(verdict):
        lines.append(f"difference {number(effect.difference.value, 'signed')} {effect.metric}")
    if effect.absence_shown is not None and effect.verdict != "PASS":
        line = threshold(effect.lines["pass"], unit) if "pass" in effect.lines else "upper"
        shown = "shown: the interval lies" if effect.absence_shown else "not shown: it does not lie"
        lines.append(f"absence {shown} below the {line} line")
    lines.append(f"{effect.candidate} against {effect.reference}; {_data(effect.difference)}")
    return Card(
        name=f"{effect_name(verdict, effect)}, {effect.metric}",
        value=number(None if estimate is None else estimate.value, unit),
        unit=judged_name(verdict),
        verdict=effect.verdict,
        lines=tuple(lines),
    )


def _measurement_card(one: Measurement) -> Card:
    return Card(
        name=f"{one.task}, {one.arm}",
        value=number(one.estimate.value, "score"),
        unit=one.metric,
        verdict=one.band or "",
        lines=(*_interval(one.estimate, "score"), _data(one.estimate)),
    )
