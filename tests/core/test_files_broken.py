"""JSON that cannot be read is one line, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.core.files import read_json


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"9" * 6000, b'{"a":' * 100_000, b"[" * 100_000])
def test_deep_nesting_and_long_numbers_end_in_one_line(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(raw)
    with pytest.raises(UserError, match=r"a\.json: not valid JSON: "):
        read_json(path)


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_json(tmp_path)
