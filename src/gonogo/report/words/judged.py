"""What the gate looks at, and the field's words for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.records.effects import DatasetEffect, Effect, Estimate, Interval
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit, level
from gonogo.report.cells.tables import Number


def is_ratio(verdict: VerdictFile) -> bool:
    """Whether the gate judges a ratio (TIR) and not a difference."""
    return build_gate(verdict.gate.spec).ratio


def judged_name(verdict: VerdictFile) -> str:
    """Name the judged figure: ``TIR`` or ``gain``."""
    return build_gate(verdict.gate.spec).figure


def judged_unit(verdict: VerdictFile) -> Unit:
    """Give the unit of the judged figure."""
    return "percent" if is_ratio(verdict) else "signed"


def judged_meaning(verdict: VerdictFile) -> str:
    """One line that explains the judged figure; empty for gates without effects."""
    return build_gate(verdict.gate.spec).meaning


def effect_name(verdict: VerdictFile, effect: Effect) -> str:
    """Name an effect by its task, and by its baseline too where several stand on one task."""
    several = sum(one.task == effect.task for one in verdict.effects) > 1
    return f"{effect.task} over {effect.reference}" if several else effect.task


def judged(verdict: VerdictFile, effect: Effect | DatasetEffect) -> Estimate | None:
    """Pick the estimate that the gate looks at."""
    return effect.ratio if is_ratio(verdict) else effect.difference


def whole_name(effect: Effect) -> str:
    """Say what the whole effect is over; a single data set is the whole by itself."""
    return effect.datasets[0].dataset if len(effect.datasets) == 1 else "all data sets"


def parts_of(verdict: VerdictFile, effect: Effect) -> list[DatasetEffect]:
    """Return the data sets that make up the whole, the largest judged value first.

    Undefined ones come last; a single data set has no line beside the whole.
    """

    def key(row: DatasetEffect) -> tuple[bool, float, str]:
        value = None if (estimate := judged(verdict, row)) is None else estimate.value
        return value is None, 0.0 if value is None else -value, row.dataset

    return sorted(effect.datasets, key=key) if len(effect.datasets) > 1 else []


def estimate_cell(estimate: Estimate | None, unit: Unit, *, interval: bool = False) -> Number:
    """Make a table cell of an estimate: its std over seeds, and its interval if asked for."""
    if estimate is None:
        return Number(None, unit)
    shown = estimate.interval
    if interval and shown is not None:
        return Number(estimate.value, unit, std=estimate.std, low=shown.low, high=shown.high)
    return Number(estimate.value, unit, std=estimate.std)


def interval_words(intervals: Iterable[Interval | None]) -> str:
    """Say how intervals were made: ``95 % intervals: seeds x queries (this one seed)``."""
    kinds: dict[str, None] = {}
    for interval in intervals:
        if interval is not None:
            note = f" ({interval.note})" if interval.note else ""
            kinds[f"{level(interval.level)} interval by {interval.method}{note}"] = None
    return "; ".join(kinds)


def ordered(names: Iterable[str]) -> list[str]:
    """Names without repetition, in order of first appearance."""
    return list(dict.fromkeys(names))


def slug(*parts: object) -> str:
    """Make a name for a file or an anchor, made of words from the data."""
    return (
        re.sub(r"[^A-Za-z0-9.+=-]+", "_", "_".join(str(part) for part in parts)).strip("_.") or "x"
    )


def unique(name: str, taken: Sequence[str] | dict[str, object]) -> str:
    """``name``, numbered when it is taken (two names from data can give one slug).

    Compared without case, for file systems that do not tell ``a`` from ``A``.
    """
    used = {other.lower() for other in taken}
    candidate, number = name, 2
    while candidate.lower() in used:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
