from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.study.folder.shipped import find_study


def test_a_file_comes_before_a_shipped_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_study("interference").name == "interference.yaml"
    (tmp_path / "interference").write_text("mine")
    assert find_study("interference") == Path("interference")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("interferense", "neither a file nor a study"),
        ("mine.yaml", "no such file"),
        ("some/interference", "no such file"),
    ],
)
def test_a_name_of_nothing_says_what_it_looked_like(name: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        find_study(name)
    assert (caught.value.place, caught.value.value) == ("study", name)
    if name == "interferense":
        assert "'interference'" in str(caught.value.hint)
