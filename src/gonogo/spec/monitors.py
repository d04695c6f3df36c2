"""What watches a training: rules on logged figures, and the gradients of tasks compared.

A figure is what looks see (``R@500``, ``margin``) or what steps log (``loss``, ``in_batch_loss``,
``gradient_norm``); the latter are judged by their mean since the last look. Of several tasks they
carry the task's name, ``next/loss``. Bounds, words and advice are the study's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from gonogo.spec.base import NOT_HASHED, Count, Name, Spec

_ROUNDING = 1e-9
Words = Annotated[str, Field(min_length=1)]


class GradientConflict(Spec):
    """Compare the tasks' gradients on batches of their own; training does not change by a bit."""

    kind: Literal["gradient_conflict"] = "gradient_conflict"
    every: Annotated[Count, Field(json_schema_extra=NOT_HASHED)] = 50
    """Optimiser steps between measurements."""


class FigureRule(Spec):
    """A rule on one figure of the log."""

    figure: str
    """The figure that is judged."""
    name: Name | None = None
    """Under which it speaks in the logs; kind and figure when not given."""
    called: Words | None = None
    """What the figure is called in its sentences; its name when not given."""
    every: Count | None = None
    """Optimiser steps between two judgements; when not given, each look is judged."""

    @property
    def label(self) -> str:
        """Return the name that it speaks under."""
        return self.name or f"{getattr(self, 'kind', '')}:{self.figure.replace('/', '.')}"


class Floor(FigureRule):
    """Tell when a figure stays below a bound; it may end the training. NaN counts as below."""

    kind: Literal["floor"] = "floor"
    least: float
    """What the figure must reach; the bound itself will do."""
    patience: Count = 1
    """Judgements in a row that may not reach it before something is said."""
    after_epoch: float = Field(default=0.0, ge=0.0)
    """Judgements up to this epoch do not count."""
    at: Literal["every look", "end"] = "every look"
    """Judge all along, or the last figure of the training alone."""
    then: Literal["continue", "warn", "abort"] = "warn"
    """continue: a line in the logs. warn: also on the terminal. abort: the training ends."""
    advice: str = ""
    """What to do about it."""


class Band(Spec):
    """A range of values that has a name."""

    least: float | None = None
    """From here up to the band above; the lowest band has none."""
    word: Words
    """What a value in it amounts to."""
    advice: str = ""
    """What to do next."""


def check_bands(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    """Return bands that fall from the best down, the last one without a bound.

    Raises:
        ValueError: for others.
    """
    bounds = [band.least for band in bands]
    if bounds[-1] is not None or None in bounds[:-1]:
        raise ValueError("every band but the last one has a `least`, and the last one has none")
    if any(low >= high for high, low in pairwise(b for b in bounds if b is not None)):
        raise ValueError("bands are listed from the best down")
    return bands


def band_of(value: float, bands: Sequence[Band]) -> Band:
    """Return the band that a value lies in; a bound belongs to the band above it.

    Args:
        value: what is no number lies in the last one.
        bands: from the best down; the last one has no bound.
    """
    return next(band for band in bands if band.least is None or value >= band.least - _ROUNDING)


class BandsAt(Spec):
    """Bands for one moment of the training."""

    epoch: Count | Literal["end"] = "end"
    """The first judgement from this epoch on, or the last one of the training."""
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]
    """From the best down; a bound belongs to the band above it."""

    @field_validator("bands")
    @classmethod
    def _fall(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        return check_bands(bands)


class Bands(FigureRule):
    """Say in words what a figure amounts to at some moments; it never ends a training."""

    kind: Literal["bands"] = "bands"
    at: Annotated[tuple[BandsAt, ...], Field(min_length=1)]
    """When, and in which words."""

    @model_validator(mode="after")
    def _moments_differ(self) -> Self:
        moments = [moment.epoch for moment in self.at]
        if len(set(moments)) < len(moments):
            raise ValueError("two moments of `at` are the same")
        return self


class Limit(Spec):
    """One end of a range."""

    bound: float
    """The figure must not lie beyond it."""
    patience: Count = 1
    """Judgements in a row beyond it that raise the flag."""
    after_epoch: float = Field(default=0.0, ge=0.0)
    """Judgements up to this epoch do not count."""
    before_epoch: float | None = None
    """Nor do those from this epoch on."""
    advice: str = ""
    """What to do about it."""


class Range(FigureRule):
    """Raise a flag when a figure leaves a range, or is not finite; it never ends a training.

    A flag is told when it goes up, and again only after it was down.
    """

    kind: Literal["range"] = "range"
    low: Limit | None = None
    """The lower end."""
    high: Limit | None = None
    """The upper end."""

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("a range needs low, high or both")
        if self.low and self.high and self.low.bound >= self.high.bound:
            raise ValueError("low.bound is not below high.bound")
        return self


_FORMER = {
    "margin_guard": "{kind: floor, figure: margin, least: L, patience: N, after_epoch: E,"
    " then: abort, advice: ...}",
    "recall_gates": "{kind: bands, figure: R@K, at: [{epoch: E, bands: [{least: L, word: W},"
    " {word: W}]}, {epoch: end, bands: [...]}]}",
    "loss_flags": "{kind: range, figure: in_batch_loss, high: {bound: H, patience: N, advice: ...},"
    " low: {bound: L, before_epoch: E, advice: ...}}",
}


def _refuse_former(value: Any) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in _FORMER:
        raise ValueError(
            f"kind {kind} held one study's numbers and is gone; write them as {_FORMER[kind]}"
        )
    return value


MonitorSpec = Annotated[
    Annotated[GradientConflict | Floor | Bands | Range, Field(discriminator="kind")],
    BeforeValidator(_refuse_former, json_schema_input_type=dict[str, Any]),
]
