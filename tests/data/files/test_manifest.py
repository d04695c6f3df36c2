"""What a folder of data says of itself, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gonogo.core.errors import UserError
from gonogo.core.version import __version__
from gonogo.data.files.manifest import (
    MANIFEST,
    changed_files,
    check_files,
    check_replaceable,
    read_manifest,
    write_manifest,
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    (made / "rows.npy").write_text("rows")
    (tmp_path / "text.txt").write_text("text")
    write_manifest(
        made, "bank", inputs={"text": tmp_path / "text.txt"}, outputs=["rows.npy"], rows=3
    )
    return made


def test_a_manifest_holds_hashes_and_facts_and_no_place(folder: Path, tmp_path: Path) -> None:
    found = read_manifest(folder, "bank")
    assert found == {
        "kind": "bank",
        "format": 1,
        "gonogo": __version__,
        "rows": 3,
        "inputs": {"text": digest("text")},
        "outputs": {"rows.npy": digest("rows")},
    }
    assert str(tmp_path) not in (folder / MANIFEST).read_text()
    assert write_manifest(folder, "bank", outputs=["rows.npy"])["inputs"] == {}


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (None, "no manifest.json, so this is no pairs folder"),
        ({"kind": "bank"}, "describes 'bank', not a pairs folder"),
        ([], "describes None, not a pairs folder"),
        ({"kind": "pairs", "format": 2}, "unknown format 2"),
        ({"kind": "pairs"}, "unknown format None"),
    ],
)
def test_another_folder_is_refused(tmp_path: Path, held: Any, told: str) -> None:
    if held is not None:
        (tmp_path / MANIFEST).write_text(json.dumps(held))
    with pytest.raises(UserError, match=told):
        read_manifest(tmp_path, "pairs")


def test_only_what_is_of_one_kind_may_be_written_over(folder: Path, tmp_path: Path) -> None:
    check_replaceable(folder, "bank")
    check_replaceable(tmp_path / "new", "bank")
    (tmp_path / "empty").mkdir()
    check_replaceable(tmp_path / "empty", "bank")
    for place, kind in ((folder, "pairs"), (tmp_path, "bank"), (tmp_path / "text.txt", "bank")):
        with pytest.raises(UserError, match=f"something other than a {kind} folder"):
            check_replaceable(place, kind)


def test_files_that_changed_or_are_gone_are_named(tmp_path: Path) -> None:
    names = ("same", "other", "gone", "unnamed")
    recorded = {name: digest(name) for name in names}
    files = {name: tmp_path / name for name in names[:3]}
    (tmp_path / "same").write_text("same")
    (tmp_path / "other").write_text("changed")
    assert changed_files(recorded, files) == ["other", "gone", "unnamed"]
    check_files(tmp_path, {"same": recorded["same"]}, files)
    with pytest.raises(UserError, match="other, gone, unnamed no longer matches") as told:
        check_files(tmp_path, recorded, files)
    assert told.value.file == tmp_path / MANIFEST
