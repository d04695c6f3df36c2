"""A file of state is of its shape, or one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from gonogo.core.errors import UserError
from gonogo.core.records import Record, read_record, write_record


class Fact(Record):
    """A count and a name."""

    count: int | None = None
    name: str | None = None
    parts: dict[str, JsonValue] = {}


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"null",
        b"",
        b"{",
        b"\xff\xfe",
        b'{"count": []}',
        b'{"count": {}}',
        b'{"count": "many"}',
        b'{"count": 1e400}',
        b'{"count": ' + b"9" * 6000 + b"}",
        b'{"parts": {"a": ' + b"9" * 6000 + b"}}",
        b'{"parts": ' + b'{"a":' * 100_000,
        b'{"parts": {"a": ' + b"[" * 1000 + b"]" * 1000 + b"}}",
        b'{"parts": 3}',
    ],
)
def test_what_is_of_another_shape_is_one_line_that_names_the_file(
    tmp_path: Path, raw: bytes
) -> None:
    path = tmp_path / "fact.json"
    path.write_bytes(raw)
    with pytest.raises(
        UserError, match=r"fact\.json.*not what is kept here.*\(away with it\)"
    ) as e:
        read_record(path, Fact, hint="away with it")
    assert len(str(e.value)) < 300 + len(str(path))
    assert "\n" not in str(e.value)


def test_a_folder_in_its_place_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read: Is a directory"):
        read_record(tmp_path, Fact)
    with pytest.raises(UserError, match=r"none\.json: no such file"):
        read_record(tmp_path / "none.json", Fact)


def test_other_versions_keys_are_passed_over_and_absent_ones_are_not_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "fact.json"
    path.write_text('{"count": 3, "later": [1]}')
    fact = read_record(path, Fact)
    assert (fact.count, fact.name) == (3, None)
    write_record(path, Fact(count=3, parts={"a": None}))
    assert read_record(path, dict[str, JsonValue]) == {"count": 3, "parts": {"a": None}}
