"""The figures that a gate looked at, as plain objects and as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.records.effects import DatasetEffect, Estimate, Measurement
    from gonogo.analysis.records.effects import Effect as EffectRecord
    from gonogo.analysis.records.verdict import VerdictFile


@dataclass(frozen=True)
class Effect:
    """One figure that the gate looked at, or a part of it on one data set.

    Differences are in the metric's units (0.01: one point), ratios plain (0.02: 2 %). None stands
    for undefined or unknown.
    """

    task: str
    dataset: str | None
    """None for the mean over data sets, which is what the gate judges."""
    metric: str
    candidate: str
    reference: str | None
    """None for a measured value, which is held against bands."""
    figure: str
    """What ``value`` is: ``difference``, ``TIR`` or ``value``."""
    value: float | None
    low: float | None
    high: float | None
    """The interval that the verdict's words rest on."""
    difference: float | None
    """candidate - reference."""
    p: float | None
    """Two-sided, by permutation, corrected by Holm."""
    seeds: int
    queries: int
    word: str
    """What this effect alone would say, or the name of the band; empty on one data set."""
    datasets: tuple[Effect, ...] = field(default=(), repr=False)


def effects_of(file: VerdictFile) -> tuple[Effect, ...]:
    """Return every figure that the gate looked at."""
    from gonogo.report.words.judged import is_ratio, judged

    name = "TIR" if is_ratio(file) else "difference"
    found = []
    for record in file.effects:
        whole = _effect(record, name, judged(file, record))
        parts = (_part(whole, one, judged(file, one)) for one in record.datasets)
        found.append(replace(whole, datasets=tuple(parts)))
    return (*found, *(_measured(one) for one in file.measurements))


def effect_frame(effects: Sequence[Effect]) -> pl.DataFrame:
    """Return a row for each effect and each of its data sets."""
    import polars as pl

    kinds = {
        "str": pl.String(),
        "str | None": pl.String(),
        "float | None": pl.Float64(),
        "int": pl.Int64(),
    }
    schema = {one.name: kinds[str(one.type)] for one in fields(Effect) if one.name != "datasets"}
    flat = [one for effect in effects for one in (effect, *effect.datasets)]
    return pl.DataFrame([{n: getattr(one, n) for n in schema} for one in flat], schema=schema)


_SCORES = {
    "arm": "String", "task": "String", "dataset": "String", "metric": "String",
    "mean": "Float64", "std": "Float64", "seeds": "Int64", "queries": "Int64",
    "off_task": "Boolean", "reference": "Boolean",
}  # fmt: skip
"""Columns of scores and polars' names for their types."""


def score_frame(file: VerdictFile) -> pl.DataFrame:
    """Return the mean of each arm by task, data set and metric."""
    import polars as pl

    rows = [{name: getattr(one, name) for name in _SCORES} for one in file.scores]
    return pl.DataFrame(rows, schema={name: getattr(pl, kind) for name, kind in _SCORES.items()})


class _Found(NamedTuple):
    value: float | None
    low: float | None
    high: float | None


def _found(estimate: Estimate | None) -> _Found:
    if estimate is None or estimate.interval is None:
        return _Found(None if estimate is None else estimate.value, None, None)
    return _Found(estimate.value, estimate.interval.low, estimate.interval.high)


def _effect(record: EffectRecord, name: str, estimate: Estimate | None) -> Effect:
    found = _found(estimate)
    return Effect(
        task=record.task,
        dataset=None,
        metric=record.metric,
        candidate=record.candidate,
        reference=record.reference,
        figure=name,
        value=found.value,
        low=found.low,
        high=found.high,
        difference=record.difference.value,
        p=record.test.p_holm,
        seeds=record.difference.seeds,
        queries=record.difference.queries,
        word=record.verdict,
    )


def _part(whole: Effect, record: DatasetEffect, estimate: Estimate | None) -> Effect:
    found = _found(estimate)
    return replace(
        whole,
        dataset=record.dataset,
        value=found.value,
        low=found.low,
        high=found.high,
        difference=record.difference.value,
        p=record.test.p_holm,
        seeds=record.difference.seeds,
        queries=record.difference.queries,
        word="",
    )


def _measured(record: Measurement) -> Effect:
    found = _found(record.estimate)
    return Effect(
        task=record.task,
        dataset=None,
        metric=record.metric,
        candidate=record.arm,
        reference=None,
        figure="value",
        value=found.value,
        low=found.low,
        high=found.high,
        difference=None,
        p=None,
        seeds=record.estimate.seeds,
        queries=record.estimate.queries,
        word=record.band or "",
    )
