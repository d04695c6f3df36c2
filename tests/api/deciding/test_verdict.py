"""What a verdict gives to programs and pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

import gonogo as gg


def verdict(seeds: tuple[int | None, ...] = (1, 2, 3)) -> gg.Verdict:
    rows = [
        {
            "arm": arm,
            "seed": seed,
            "metric": "AP",
            "query_id": n,
            "value": 0.3 + n / 100 + gain + ((seed or 1) * (n + place) % 7) / 500,
        }
        for place, (arm, gain) in enumerate((("old", 0.0), ("new", -0.2)))
        for seed in seeds
        for n in range(20)
    ]
    return gg.decide(rows, gg.improvement("AP", "new", over="old"), name="mine")


def test_it_is_written_for_programs_and_pipelines(tmp_path: Path) -> None:
    found = verdict()
    assert (found.word, found.counts_as, found.study) == ("FAIL", "FAIL", "mine")
    assert json.loads(found.to_json(tmp_path / "v.json"))["decision"]["counts_as"] == "FAIL"
    assert json.loads((tmp_path / "v.json").read_text())["effects"]
    assert ElementTree.fromstring(found.to_junit())[0].get("failures") == "1"
    passed = found.to_junit(tmp_path / "v.xml", fail_on=["PASS"])
    assert ElementTree.fromstring(passed)[0].get("failures") == "0"
    assert (tmp_path / "v.xml").read_text() == passed
    assert found.to_summary().startswith("## FAIL")


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    found = verdict()
    found.show()
    assert capsys.readouterr().out.rstrip() == repr(found).rstrip()


def test_columns_have_their_types_whatever_they_hold() -> None:
    frame = verdict(seeds=(None,)).to_frame("scores")
    assert frame["std"].null_count() == len(frame)
    assert (frame["std"].dtype, frame["seeds"].dtype) == (pl.Float64, pl.Int64)


def test_a_word_that_is_not_borne_counts_as_inconclusive() -> None:
    rows = [
        {"arm": arm, "metric": "AP", "query_id": n, "value": 0.5 + gain * (n % 5 - 1)}
        for arm, gain in (("old", 0.0), ("new", 0.1))
        for n in range(10)
    ]
    by_point = gg.improvement("AP", "new", over="old", at_least=0.01, decide_by="point")
    found = gg.decide(rows, by_point)
    assert (found.word, found.counts_as) == ("PASS", "INCONCLUSIVE")
