"""Looks are read from whichever log is there, always to the same figures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_runs import write_logs

from gonogo.core.files import append_json_line, read_json, read_json_lines, write_text
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.looks import SOURCES, LogError, Look, best_look, figure_of, read_looks
from gonogo.study.tracking.run_logs import write_run_logs


def keep(folder: TrialFolder, *names: str) -> None:
    """Remove all logs of looks but some."""
    for name in SOURCES:
        if name not in names:
            folder.log(name).unlink(missing_ok=True)


@pytest.fixture
def folder(tmp_path: Path) -> TrialFolder:
    place = TrialFolder(tmp_path)
    write_logs(place, [0.25, 0.75, None, 0.5])
    return place


@pytest.mark.parametrize("source", SOURCES[:3])
def test_each_log_tells_the_same(folder: TrialFolder, source: str) -> None:
    keep(folder, source)
    assert [(look.step, dict(look.figures)) for look in read_looks(folder)] == [
        (2, {"R@10": 0.25, "nDCG@10": 0.125}),
        (4, {"R@10": 0.75, "nDCG@10": 0.375}),
        (8, {"R@10": 0.5, "nDCG@10": 0.25}),
    ]


def test_a_training_that_resumed_is_ahead_of_its_joined_log(folder: TrialFolder) -> None:
    joined = folder.log("train_logs.jsonl").stat().st_mtime_ns
    appended = folder.log("validation.jsonl")
    append_json_line(appended, {"step": 9, "R@10": 1.0})
    os.utime(appended, ns=(joined + 1, joined + 1))
    assert read_looks(folder)[-1] == Look(9, {"R@10": 1.0})
    os.utime(appended, ns=(joined - 1, joined - 1))
    assert read_looks(folder)[-1].step == 8


@settings(deadline=None, max_examples=20)
@given(st.lists(st.none() | st.floats(0, 1, width=64), min_size=1, max_size=6))
def test_json_lines_and_parquet_hold_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, recalls: list[float | None]
) -> None:
    folder = TrialFolder(tmp_path_factory.mktemp("trial"))
    write_logs(folder, recalls)
    lines = read_looks(folder)
    keep(folder, "train_logs.parquet")
    assert read_looks(folder) == lines
    assert [look.figures["R@10"] for look in lines] == [v for v in recalls if v is not None]


def test_the_best_is_the_maximum_and_not_the_last(folder: TrialFolder) -> None:
    looks = read_looks(folder)
    assert figure_of(looks, "R@10", "best") == 0.75
    assert figure_of(looks, "R@10", "final") == 0.5
    assert figure_of(looks, "nDCG@10", "final") == 0.25
    assert figure_of([], "R@10", "best") is None
    assert figure_of([], "R@10", "final") is None


def test_undefined_and_negative_values_are_ranked_as_they_are() -> None:
    looks = [Look(1, {"a": None}), Look(2, {"a": -0.5}), Look(3, {"a": -0.25}), Look(4, {"b": 1})]
    assert figure_of(looks, "a", "best") == -0.25
    assert best_look(looks, "c") is None
    assert best_look([Look(1, {"a": 0.5}), Look(2, {"a": 0.5})], "a") == Look(1, {"a": 0.5})


def test_without_any_log_it_says_so(folder: TrialFolder) -> None:
    keep(folder)
    with pytest.raises(LogError) as error:
        read_looks(folder)
    assert error.value.status == "missing_logs"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train_logs.jsonl", '{"step": 1\n{"step": 2}\n'),
        ("train_logs.jsonl", '{"validation/R@10": 0.5}\n'),
        ("train_logs.jsonl", '{"step": 1, "validation/R@10": "high"}\n'),
        ("train_logs.jsonl", "[1]\n"),
        ("train_logs.parquet", "no table"),
        ("validation.jsonl", '{"step": "two", "R@10": 0.5}\n'),
    ],
)
def test_a_broken_log_is_never_passed_over(folder: TrialFolder, name: str, content: str) -> None:
    keep(folder, *SOURCES[SOURCES.index(name) :])
    write_text(folder.log(name), content)
    with pytest.raises(LogError) as error:
        read_looks(folder)
    assert error.value.status == "parse_error"


def test_a_line_that_a_crash_cut_off_is_passed_over(folder: TrialFolder) -> None:
    keep(folder, "validation.jsonl")
    with folder.log("validation.jsonl").open("a") as handle:
        handle.write('{"step": 10, "R@')
    assert [look.step for look in read_looks(folder)] == [2, 4, 8]


def test_the_joined_log_has_every_figure_on_every_line(folder: TrialFolder) -> None:
    lines = list(read_json_lines(folder.log("train_logs.jsonl")))
    assert [line["step"] for line in lines] == list(range(1, 9))
    assert {tuple(line) for line in lines} == {tuple(lines[0])}
    assert [line["validation/R@10"] for line in lines[:4]] == [None, 0.25, None, 0.75]
    assert [line["loss"] for line in lines[:2]] == [1.0, 0.5]


def test_a_look_stands_once_where_a_step_has_several_lines_or_none(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    steps = [(1, "a"), (1, "b"), (3, "a"), (3, "b")]
    rows = "".join(f'{{"step": {step}, "task": "{task}"}}\n' for step, task in steps)
    write_text(folder.log("train.jsonl"), rows)
    looks = "".join(f'{{"step": {step}, "epoch": 1, "f": {step}.5}}\n' for step in (2, 3))
    write_text(folder.log("validation.jsonl"), looks)
    write_run_logs(folder)
    lines = list(read_json_lines(folder.log("train_logs.jsonl")))
    assert [(line["step"], line["task"], line["validation/f"]) for line in lines] == [
        (1, "a", None),
        (1, "b", None),
        (2, None, 2.5),
        (3, "a", None),
        (3, "b", 3.5),
    ]


def test_the_summary_of_a_trial_names_best_and_final(folder: TrialFolder) -> None:
    summary = read_json(folder.log("train_summary.json"))
    assert summary["looks"] == 3
    assert summary["best"]["R@10"] == {"value": 0.75, "step": 4}
    assert summary["final"] == {"R@10": 0.5, "nDCG@10": 0.25}


def test_a_trial_without_looks_is_left_as_it_is(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    write_text(folder.log("train.jsonl"), '{"step": 1}\n')
    write_run_logs(folder)
    assert [path.name for path in folder.log("").iterdir()] == ["train.jsonl"]
