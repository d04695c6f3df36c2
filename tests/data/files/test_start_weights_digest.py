"""Weights that a model starts from, as part of a fingerprint."""

from __future__ import annotations

from pathlib import Path

from gonogo.data.files.start_weights import find_start, start_digest


def test_the_digest_is_of_content_and_not_of_the_place(tmp_path: Path) -> None:
    for name, weights in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text("{}")
        (tmp_path / name / "heads.safetensors").write_bytes(weights)
    a, b, c = (start_digest(find_start(name, 1, beside=tmp_path)) for name in "abc")
    assert a == b != c
