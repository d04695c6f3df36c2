"""Vectors that are kept: computed once, by shards that survive a killed run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy import ndarray

from gonogo.evaluation.encoding import kept_vectors as module
from gonogo.evaluation.encoding.kept_vectors import kept_vectors

TEXTS = ["four", "one", "seventeen", "one", "", "twenty"]


class Counted:
    """Gives texts vectors of their own, and writes down which it was asked for."""

    def __init__(self) -> None:
        self.shards: list[list[str]] = []

    def __call__(self, shard: list[str]) -> ndarray:
        self.shards.append(shard)
        return np.array([[len(text), sum(text.encode())] for text in shard], np.float32)


def kept(path: Path, encode: Any, texts: list[str] = TEXTS) -> ndarray:
    return kept_vectors(path, texts, encode, size=len)


def test_stand_in_the_order_of_the_items_and_in_a_file(tmp_path: Path) -> None:
    encode = Counted()
    found = kept(tmp_path / "new" / "a.npy", encode)
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, Counted()(TEXTS))
    assert encode.shards == [["seventeen", "twenty", "four", "one", ""]]


def test_are_not_computed_again(tmp_path: Path) -> None:
    first = np.array(kept(tmp_path / "a.npy", Counted()))
    again = kept(tmp_path / "a.npy", lambda shard: pytest.fail("computed again"))
    np.testing.assert_array_equal(again, first)
    other = Counted()
    kept(tmp_path / "b.npy", other)
    assert other.shards


def test_numbers_are_items_too(tmp_path: Path) -> None:
    lengths = [5, 1, 9]
    seen: list[int] = []

    def encode(shard: list[int]) -> ndarray:
        seen.extend(shard)
        return np.array([[lengths[row]] for row in shard], np.float32)

    found = kept_vectors(tmp_path / "a.npy", range(3), encode, size=lengths.__getitem__)
    assert found.ravel().tolist() == lengths
    assert seen == [2, 0, 1]


def test_what_a_killed_run_computed_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHARD", 2)
    first, second = Counted(), Counted()

    def dies_in_the_second(shard: list[str]) -> ndarray:
        if first.shards:
            raise KeyboardInterrupt
        return first(shard)

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path / "a.npy", dies_in_the_second)
    np.testing.assert_array_equal(kept(tmp_path / "a.npy", second), Counted()(TEXTS))
    assert first.shards == [["seventeen", "twenty"]]
    assert second.shards == [["four", "one"], [""]]
    assert sorted(path.name for path in tmp_path.glob("*")) in (["a.lock", "a.npy"], ["a.npy"])


def test_of_several_that_ask_at_once_one_computes(tmp_path: Path) -> None:
    encode = Counted()
    with ThreadPoolExecutor(4) as asking:
        found = list(asking.map(lambda _: kept(tmp_path / "a.npy", encode), range(8)))
    assert len(encode.shards) == 1
    assert all(np.array_equal(one, found[0]) for one in found)
