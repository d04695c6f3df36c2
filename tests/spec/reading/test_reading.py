from __future__ import annotations

import pytest

from gonogo.core.errors import UserError
from gonogo.spec.reading.reading import parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("-2.5e+3", -2500.0),
        ("1.e2", 100.0),
        ("1e", "1e"),
        ("e5", "e5"),
    ],
)
def test_floats_as_yaml_1_2_writes_them(text: str, value: object) -> None:
    assert parse_yaml(f"x: {text}", "f") == {"x": value}
    assert type(parse_yaml(f"x: {text}", "f")["x"]) is type(value)


def test_anchors_and_merges_work_but_keys_stand_once() -> None:
    assert parse_yaml("a: &x {p: 1}\nb: {<<: *x, q: 2}", "f")["b"] == {"p": 1, "q": 2}
    with pytest.raises(UserError, match="f: line 3: the key 'a' stands twice"):
        parse_yaml("a: 1\nb: 2\na: 3", "f")
    with pytest.raises(UserError, match="the key False is not text; quote it"):
        parse_yaml("false: 1", "f")


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "n", "Yes", "1:30", "0:01", "0b11"]
)
def test_words_of_yaml_1_1_are_words(word: str) -> None:
    assert parse_yaml(f"{word}: [{word}]" if ":" not in word else f"x: [{word}]", "f") in (
        {word: [word]},
        {"x": [word]},
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("9223372036854775807", 2**63 - 1),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1_000.5", 1000.5),
        ("-.inf", float("-inf")),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_scalars_of_yaml_1_2(text: str, value: object) -> None:
    found = parse_yaml(f"x: {text}", "f")["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x: 0100", "line 1: 0100 starts with a zero"),
        ("x: [1, 010]", "line 1: 010 starts with a zero"),
        ("x: 09", "starts with a zero"),
        ("x: 00.5", "starts with a zero"),
        ("x: 9223372036854775808", "no number of 64 bits"),
        (f"x: {'9' * 5000}", "9999... is no number of 64 bits"),
        (f"x: 0x{'f' * 5000}", "no number of 64 bits"),
        ("x: " + "[" * 70 + "]" * 70, "nested deeper than 64 levels"),
        ("x: " + "[" * 5000 + "]" * 5000, "nested deeper than 64 levels"),
        ("a: &a {b: *a}", "an anchor holds itself"),
        ("a: &a [*a]", "an anchor holds itself"),
    ],
)
def test_what_could_be_misread_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_yaml(text, "f")
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 200


def test_anchors_of_anchors_are_counted_before_anyone_walks_them() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(UserError, match="more than 1,000,000 values"):
        parse_yaml("\n".join(lines), "f")
