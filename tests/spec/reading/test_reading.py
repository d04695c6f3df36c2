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
        parse_yaml("no: 1", "f")
