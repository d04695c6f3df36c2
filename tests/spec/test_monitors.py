"""What a study file may say of monitors, and what it is told about what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gonogo.core.errors import UserError
from gonogo.spec.base import Spec
from gonogo.spec.monitors import Bands, Floor, MonitorSpec, Range, band_of
from gonogo.spec.reading.problems import validate

FALLING = [{"least": 0.5, "word": "good"}, {"word": "bad"}]


class Holder(Spec):
    monitors: tuple[MonitorSpec, ...]


def read(**monitor: Any) -> Any:
    return Holder.model_validate({"monitors": [monitor]}).monitors[0]


def test_a_monitor_speaks_under_its_name_or_its_figure() -> None:
    assert read(kind="floor", figure="next/loss", least=0, name="guard").label == "guard"
    assert read(kind="floor", figure="next/loss", least=0).label == "floor:next.loss"


@pytest.mark.parametrize(
    ("kind", "way_out"),
    [
        ("margin_guard", "{kind: floor, figure: margin, least: L"),
        ("recall_gates", "{kind: bands, figure: R@K"),
        ("loss_flags", "{kind: range, figure: in_batch_loss"),
    ],
)
def test_a_kind_that_is_gone_says_how_to_write_it_now(kind: str, way_out: str) -> None:
    with pytest.raises(UserError) as caught:
        validate(Holder, {"monitors": [{"kind": kind, "least": 0.04}]}, "study.yaml")
    said = str(caught.value)
    assert said.startswith(f"study.yaml: monitors[0]: kind {kind} held one study's numbers")
    assert way_out in said
    assert "\n" not in said


def test_a_mistyped_kind_is_told_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"unknown kind 'flor' \(did you mean 'floor'\?\)"):
        validate(Holder, {"monitors": [{"kind": "flor", "figure": "loss"}]}, "study.yaml")


@pytest.mark.parametrize(
    ("bands", "told"),
    [
        ([{"least": 0.5, "word": "good"}], "the last one has none"),
        ([{"word": "good"}, {"word": "bad"}], "every band but the last one"),
        ([{"least": 0.1, "word": "a"}, {"least": 0.2, "word": "b"}, {"word": "c"}], "best down"),
        ([{"least": 0.1, "word": "a"}, {"least": 0.1, "word": "b"}, {"word": "c"}], "best down"),
    ],
)
def test_bands_fall(bands: list[Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Bands.model_validate({"figure": "loss", "at": [{"bands": bands}]})


def test_moments_differ() -> None:
    at = [{"epoch": 3, "bands": FALLING}] * 2
    with pytest.raises(ValidationError, match="the same"):
        Bands.model_validate({"figure": "loss", "at": at})


def test_what_is_no_number_lies_in_the_lowest_band() -> None:
    bands = Bands.model_validate({"figure": "loss", "at": [{"bands": FALLING}]}).at[0].bands
    assert band_of(float("nan"), bands).word == "bad"
    assert band_of(0.5 - 1e-12, bands).word == "good"


def test_a_range_has_an_end_and_is_not_empty() -> None:
    with pytest.raises(ValidationError, match="low, high or both"):
        Range(figure="loss")
    with pytest.raises(ValidationError, match="not below"):
        Range.model_validate({"figure": "a", "low": {"bound": 2}, "high": {"bound": 2}})


def test_a_guard_without_patience_is_refused() -> None:
    with pytest.raises(ValidationError):
        Floor(figure="margin", least=0.04, patience=0)
