from __future__ import annotations

import pytest

from gonogo.analysis.gates.wording import (
    amount,
    borne,
    counted,
    data_phrase,
    headline,
    line_amount,
    line_percent,
    listed,
    mean_and_std,
    percent,
    spread,
)
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.effects import Estimate, Interval


def test_numbers_in_words():
    assert percent(0.02134) == "2.13 %"
    assert percent(-0.02134) == "-2.13 %"
    assert percent(-0.00001) == "0.00 %"  # never a negative zero
    assert line_percent(0.02) == "2 %"
    assert line_percent(0.0125) == "1.25 %"
    assert amount(0.0123, "nDCG@10") == "1.23 points"
    assert amount(12.3456, "latency") == "12.35"
    assert line_amount(0.01, "AP") == "1 point"
    assert line_amount(0.015, "AP") == "1.5 points"
    assert line_amount(40.0, "latency") == "40"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert counted(1, "query", "queries") == "1 query"
    assert counted(1200, "query", "queries") == "1,200 queries"


def test_an_interval_in_words():
    interval = Interval(method="seeds x queries", level=0.9, low=-0.011, high=0.052)
    estimate = Estimate(value=0.02, seeds=3, queries=10, interval=interval)
    assert spread(estimate) == "90 % interval -1.10 to 5.20 %"
    assert spread(Estimate(value=None, seeds=1, queries=1)) == "no interval"


@pytest.mark.parametrize(
    ("seeds", "early", "expected"),
    [
        (0, False, "supported for these very models"),
        (3, True, "preliminary: tier quick"),
        (3, False, "supported"),
    ],
)
def test_what_bears_a_word(seeds, early, expected):
    assert borne(Expected(tier="quick", preliminary=early), seeds) == expected


def test_the_headline():
    assert headline("PASS", "supported", "x.") == "PASS, supported: x."
    assert headline("FAIL", "preliminary: tier a", "x.") == "FAIL (preliminary: tier a): x."
    assert headline("PASS, not supported", "one seed", "x.") == "PASS, not supported (one seed): x."


def test_a_ratio_is_its_mean_and_sample_std_over_seeds():
    one = Estimate(value=0.034, seeds=1, queries=80)
    assert mean_and_std(one) == "3.40 %"
    three = one.model_copy(update={"std": 0.00304, "seeds": 3})
    assert mean_and_std(three) == "3.40 ± 0.30 %"


def test_how_much_data():
    few = Estimate(value=1.0, seeds=3, queries=80)
    more = Estimate(value=1.0, seeds=3, queries=1200)
    assert data_phrase([few], [1]) == "3 seeds, 1 data set, 80 queries"
    assert data_phrase([few, more], [1, 2]) == (
        "3 seeds, 1 to 2 data sets a task, 80 to 1,200 queries a task"
    )
