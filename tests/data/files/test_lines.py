from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.lines import read_lines, read_objects


def test_only_newlines_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffa\u2028b\x0cc\rd\r\n\n  \ne".encode())
    assert list(read_lines(path)) == [(1, "a\u2028b\x0cc\rd"), (4, "e")]
    packed = tmp_path / "x.txt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_lines(packed)) == list(read_lines(path))


@pytest.mark.parametrize(
    ("data", "problem"),
    [(b"ok\n\xff\n", "line 2: not UTF-8"), (b"\xff\n", "line 1: not UTF-8")],
)
def test_other_encodings_are_named(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(UserError, match=problem):
        list(read_lines(tmp_path / "x"))


def test_what_is_not_gzip_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"plain text")
    with pytest.raises(UserError, match=r"x\.gz: cannot be read"):
        list(read_lines(tmp_path / "x.gz"))


def test_objects_must_be_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n{"a": ')
    with pytest.raises(UserError, match="line 2: not valid JSON"):
        list(read_objects(path))
