from __future__ import annotations

import pytest

from gonogo.core.errors import UserError, nearest


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UserError("wrong"), "wrong"),
        (UserError("wrong", file="f.yaml"), "f.yaml: wrong"),
        (UserError("wrong", place="a.b"), "a.b: wrong"),
        (UserError("wrong", file="f", place="a", hint="right"), "f: a: wrong (right)"),
    ],
)
def test_one_line_says_file_place_problem_and_way_out(error: UserError, text: str) -> None:
    assert str(error) == text


def test_the_nearest_name_or_all_of_them() -> None:
    assert nearest("alternatin", ["mixed", "alternating"]) == "did you mean 'alternating'?"
    assert nearest("zzz", ["b", "a"]) == "valid: a, b"
    assert nearest("zzz", map(str, range(10, 30))).endswith("20, 21, ...")
    assert nearest("zzz", []) == "nothing is allowed here"


def test_no_control_character_is_printed() -> None:
    from gonogo.core.errors import printable

    assert printable("a\x1b]0;PWN\x07b\r\nc\u202ed  e\té") == "a ]0;PWN b c d  e é"
