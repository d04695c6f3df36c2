"""The alias for the distillation study: variables become recorded options."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from alias_scripts import load_script, run_script

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.study.folder.shipped import find_study

EVERY = {
    "STEPS": "300",
    "SEEDS": "0,2",
    "LR": "1e-3",
    "LR_SCHEDULE": "constant",
    "WARMUP_STEPS": "20",
    "AMP": "1",
    "SAVE_EVERY": "50",
    "EVAL_EVERY": "60",
    "BATCH_SIZE": "128",
    "TRACK_B_DIM": "64",
    "TRACK_B_K": "25",
    "TRACK_B_NEG_M": "512",
    "TRACK_B_M": "512",
    "TRACK_B_QUEUE_SIZE": "4096",
    "TRACK_B_TAU": "0.06",
    "TRACK_B_FALSE_NEG_MODE": "threshold",
    "TRACK_B_FALSE_NEG_THRESHOLD": "0.7",
}


@pytest.fixture(scope="module")
def track_b() -> ModuleType:
    return load_script("track_b")


def sets(options: list[str]) -> tuple[str, ...]:
    return tuple(text for flag, text in pairwise(options) if flag == "--set")


def test_every_variable_reaches_its_setting(track_b: ModuleType) -> None:
    assert set(EVERY) == set(track_b.SETTINGS)
    study = resolve(find_study("distillation"), overrides=sets(track_b.arguments(EVERY, [])))
    assert study.seeds == (0, 2)
    assert {row.seeds for row in study.experiments.values()} == {(0, 2)}
    for arm in study.arms.values():
        training, task = arm.training, arm.model_dump()["tasks"]["distill"]
        assert (training.max_steps, training.learning_rate, training.warmup) == (300, 1e-3, 20)
        assert training.learning_rate_schedule == "constant"
        assert training.validation is not None
        assert (training.checkpoint_every, training.validation.every) == (50, 60)
        assert (task["batch_size"], task["neighbours"], task["negatives"]) == (128, 25, 512)
        assert (task["queue_size"], task["objective"]["temperature"]) == (4096, 0.06)
        assert task["products"] == "bf16"
        assert task["false_negatives"] == {"kind": "threshold", "above": 0.7}
        assert arm.model_dump()["model"]["projection"]["dimension"] == 64
    assert "training.max_steps=300" in study.overrides


@pytest.mark.parametrize("mode", ["none", "top_percent"])
def test_other_modes_of_the_filter(track_b: ModuleType, mode: str) -> None:
    options = track_b.arguments({"TRACK_B_FALSE_NEG_MODE": mode}, [])
    arm = resolve(find_study("distillation"), overrides=sets(options)).arms["core_20k"]
    assert arm.model_dump()["tasks"]["distill"]["false_negatives"]["kind"] == mode


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *(("none", "fp32"), ("0", "fp32"), ("false", "fp32"), ("bf16", "bf16"), ("1", "bf16")),
        *(("True", "bf16"), ("FP16", "fp16"), ("auto", "auto")),
    ],
)
def test_every_spelling_of_a_number_format(track_b: ModuleType, said: str, meant: str) -> None:
    options = track_b.arguments({"AMP": said, "TRACK_B_ENABLE": "true"}, [])
    arm = resolve(find_study("distillation"), overrides=sets(options)).arms["core_20k"]
    assert arm.model_dump()["tasks"]["distill"]["products"] == meant


def test_what_is_not_given_changes_nothing(track_b: ModuleType) -> None:
    assert track_b.arguments({"STEPS": "", "PATH": "x"}, ["-q", "--force"]) == ["-q", "--force"]


def test_a_name_goes_along(track_b: ModuleType) -> None:
    assert track_b.arguments({"RUN_ID": "mine"}, ["--only", "x"]) == [
        "--run-id",
        "mine",
        "--only",
        "x",
    ]
    assert track_b.arguments({"RUN_ID": "mine"}, ["--run-id=mine"]) == ["--run-id=mine"]


def test_two_names_may_say_the_same(track_b: ModuleType) -> None:
    given = {"TRACK_B_NEG_M": "512", "TRACK_B_M": " 512 ", "LR": "0.001"}
    assert sets(track_b.arguments(given, ["--set", "training.learning_rate=1e-3"])) == (
        "training.learning_rate=0.001",
        "tasks.distill.negatives=512",
        "training.learning_rate=1e-3",
    )


@pytest.mark.parametrize(
    ("given", "more", "told"),
    [
        ({"TRACK_B_NEG_M": "512", "TRACK_B_M": "256"}, [], "TRACK_B_M says 256, but TRACK_B_NEG_M"),
        ({"STEPS": "10"}, ["--set", "training.max_steps=20"], "--set says 20, but STEPS says 10"),
        ({"STEPS": "10"}, ["--set=training.max_steps=20"], "two names for one setting"),
        ({"RUN_ID": "a"}, ["--run-id", "b"], "RUN_ID says 'a', but --run-id says 'b'"),
        ({"STEPS": "many"}, [], "STEPS: 'many' is not a whole number"),
        ({"WARMUP_STEPS": "0.5"}, [], "not a whole number"),
        ({"SEEDS": "0,x"}, [], "whole numbers such as 0,1,2"),
        ({"AMP": "yes please"}, [], "AMP: 'yes please' is not none, bf16, fp16, 0 or 1"),
        ({"TRACK_B_ENABLE": "false"}, [], "TRACK_B_ENABLE: 'false' leaves nothing to run"),
        ({"TRACK_B_ENABLE": "0"}, [], "set it to true, or unset it"),
        ({"TRACK_B_TAY": "0.1"}, [], "TRACK_B_TAY: no such variable (did you mean 'TRACK_B_TAU'?)"),
        ({"LR": "fast"}, [], "LR: 'fast' is not a number"),
        (
            {"TRACK_B_FALSE_NEG_MODE": "none", "TRACK_B_FALSE_NEG_THRESHOLD": "0.8"},
            [],
            "means nothing to the mode 'none'",
        ),
    ],
)
def test_contradictions_and_no_values_are_errors(
    track_b: ModuleType, given: dict[str, str], more: list[str], told: str
) -> None:
    with pytest.raises(UserError) as error:
        track_b.arguments(given, more)
    assert told in str(error.value)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("given", "arguments", "code", "told"),
    [
        ({"TRACK_B_M": "1", "TRACK_B_NEG_M": "2"}, [], 2, "error: tasks.distill.negatives"),
        ({}, ["--qick"], 2, "--qick"),
        ({"AMP": "?", "TRACK_B_ENABLE": "no"}, ["--qick"], 2, "No such option: --qick"),
        ({}, ["-h"], 0, "--run-id"),
    ],
)
def test_the_script_itself(
    given: dict[str, str], arguments: list[str], code: int, told: str, tmp_path: Path
) -> None:
    done = run_script("run_track_b.sh", *arguments, cwd=tmp_path, **given)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
