from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.report.cells.formats import (
    UNDEFINED,
    bounds,
    level,
    number,
    one_line,
    spread,
    threshold,
    values,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.41234, "score", "0.4123"),
        (-0.00951, "signed", "-0.0095"),
        (-0.00001, "signed", "0.0000"),
        (0.02314, "percent", "+2.31 %"),
        (-0.003, "percent", "-0.30 %"),
        (0.382, "share", "38.2 %"),
        (0.0004, "p", "< 0.001"),
        (0.0, "p", "< 0.001"),
        (0.001, "p", "0.001"),
        (1.0, "p", "1.000"),
        (2442240, "count", "2,442,240"),
        (12.34, "seconds", "12.3 s"),
        (341.2, "seconds", "5 min 41 s"),
        (59.99, "seconds", "60.0 s"),
        (119.7, "seconds", "2 min 0 s"),
        (7384.0, "seconds", "2 h 3 min"),
        (812.0, "megabytes", "812 MB"),
        (2312.0, "megabytes", "2.3 GB"),
        (20250131, "plain", "20250131"),
        (None, "score", UNDEFINED),
    ],
)
def test_number(value, unit, text):
    assert number(value, unit) == text


def test_a_standard_deviation_has_no_sign_and_an_interval_has_its_unit_once():
    assert spread(0.0031, "percent") == "0.31 %"
    assert bounds(0.0041, 0.041, "percent") == "+0.41 to +4.10 %"
    assert bounds(-0.02, 0.01, "signed") == "-0.0200 to +0.0100"


def test_thresholds_are_as_short_as_they_are():
    assert (threshold(0.02, "percent"), threshold(0.015, "percent")) == ("2 %", "1.5 %")
    assert (threshold(0.01, "signed"), level(0.95)) == ("0.01", "95 %")


def test_values_are_a_range_only_where_they_read_differently():
    assert values([341.2, 341.3], "seconds") == "5 min 41 s"
    assert values([341.2, 355.2], "seconds") == "5 min 41 s to 5 min 55 s"
    assert values([], "seconds") == UNDEFINED


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_one_line_has_no_control_characters(text):
    line = one_line(text + "\x1b[2J\n\u202e")
    assert not set(line) & {"\x1b", "\n", "\r", "\t", "\u202e", "\u2028"}
