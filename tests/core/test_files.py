from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core import files
from gonogo.core.errors import UserError


@given(st.text(max_size=130))
@settings(deadline=None, max_examples=300)
def test_a_safe_name_never_leaves_its_folder(name: str) -> None:
    try:
        safe = files.safe_name(name)
    except UserError:
        return
    assert safe == name
    assert Path("folder", name).name == name
    assert Path("folder", name).resolve().parent == Path("folder").resolve()
    assert not name.startswith(".")
    assert len(name.encode()) <= 120


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\n", "é", "a" * 121])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="cannot be used as a name"):
        files.safe_name(name)


def test_ordinary_names_pass() -> None:
    for name in ("joint_single", "r=16", "a.b-c+d", "7"):
        assert files.safe_name(name) == name


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    files.write_text(path, "old")

    def crash(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space"):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, sys
from pathlib import Path
from gonogo.core import files
target = Path(sys.argv[1])
if sys.argv[2] == "file":
    os.fsync = lambda descriptor: os._exit(9)
    files.write_text(target, "half")
with files.atomic_folder(target) as folder:
    (folder / "weights").write_text("half")
    os._exit(9)
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_writer_leaves_what_was_there(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "final"
    if kind == "file":
        files.write_text(target, "whole")
    else:
        with files.atomic_folder(target) as folder:
            (folder / "weights").write_text("whole")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(target), kind], timeout=60, check=False
    )
    assert done.returncode == 9
    assert (target if kind == "file" else target / "weights").read_text() == "whole"
    visible = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert visible == ["final"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "final"

    def write(text: str, fail: bool) -> None:
        with files.atomic_folder(target) as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "x").write_text(text)
            assert not target.exists() or (target / "sub" / "x").read_text() == "one"
            if fail:
                raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        write("none", fail=True)
    assert list(target.parent.iterdir()) == []
    write("one", fail=False)
    with pytest.raises(RuntimeError):
        write("two", fail=True)
    assert (target / "sub" / "x").read_text() == "one"
    write("three", fail=False)
    assert (target / "sub" / "x").read_text() == "three"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_cannot_be_replaced_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "final"
    with files.atomic_folder(target) as folder:
        (folder / "x").write_text("old")
    replace = Path.replace

    def fail(self: Path, other: Path) -> Path:
        if self.suffix == ".tmp":
            raise OSError("refused")
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="refused"), files.atomic_folder(target) as folder:
        (folder / "x").write_text("new")
    assert (target / "x").read_text() == "old"


def test_json_refuses_what_other_readers_cannot_load(tmp_path: Path) -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="Out of range"):
            files.write_json(tmp_path / "x.json", {"value": value})
    assert not (tmp_path / "x.json").exists()


def test_json_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        files.read_json(tmp_path / "none.json")
    for data in (b"{", b"\xff"):
        (tmp_path / "x.json").write_bytes(data)
        with pytest.raises(UserError, match=r"x\.json: not valid JSON"):
            files.read_json(tmp_path / "x.json")


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=5))
@settings(deadline=None, max_examples=30)
def test_json_lines_hold_any_text(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "x.jsonl"
    for row in rows:
        files.append_json_line(path, row)
    assert (list(files.read_json_lines(path)) if rows else []) == rows


def test_json_lines_are_split_at_newlines_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    row = {"text": "one\u2028still one\u2029and\x85more\x0c"}
    files.append_json_line(path, row)
    assert list(files.read_json_lines(path)) == [row]
    assert "\u2028" in path.read_text(encoding="utf-8")  # written as is, not escaped


def test_a_crash_costs_at_most_the_unfinished_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for step in range(3):
        files.append_json_line(path, {"step": step})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"step": 3, "lo')
    assert [row["step"] for row in files.read_json_lines(path)] == [0, 1, 2]
    files.append_json_line(path, {"step": 3})  # a resumed run writes on
    assert [row["step"] for row in files.read_json_lines(path)] == [0, 1, 2, 3]
    path.write_bytes(b'{"st')
    files.append_json_line(path, {"step": 0})
    assert list(files.read_json_lines(path)) == [{"step": 0}]


def test_a_finished_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a": 1}\n\nnonsense\n{"a": 2}\n')
    with pytest.raises(UserError, match="line 3: not valid JSON"):
        list(files.read_json_lines(path))
    with pytest.raises(UserError, match="no such file"):
        list(files.read_json_lines(tmp_path / "none.jsonl"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, min_size=1, max_size=4))
@settings(deadline=None, max_examples=50)
def test_a_fingerprint_ignores_key_order_and_nothing_else(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert files.fingerprint(turned) == files.fingerprint(value)
    assert files.fingerprint({**value, next(iter(value)): "changed!"}) != files.fingerprint(value)
    assert files.fingerprint(json.loads(json.dumps(value))) == files.fingerprint(value)


def test_sha256_and_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256_file(tmp_path / "x") == known
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    assert files.cache_folder("a", "b") == tmp_path / "cache" / "a" / "b"
    assert (tmp_path / "cache" / "a" / "b").is_dir()
    with pytest.raises(UserError):
        files.cache_folder("..")
