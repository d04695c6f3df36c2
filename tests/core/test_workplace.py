"""A place to work travels to another process, and nothing in it changes on the way."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from gonogo.core.progress import Silent
from gonogo.core.workplace import ANYWHERE, Workplace


def test_what_is_not_said_is_the_processor_in_fp32_with_nobody_watching() -> None:
    assert (ANYWHERE.device, ANYWHERE.precision, ANYWHERE.beside) == ("cpu", "fp32", None)
    assert ANYWHERE.vectors is None
    assert isinstance(ANYWHERE.progress, Silent)


def test_a_worker_gets_the_same_place(tmp_path: Path) -> None:
    here = Workplace(tmp_path, "cuda", "bf16", vectors=tmp_path / "kept")
    there = pickle.loads(pickle.dumps(here))  # as multiprocessing sends it
    assert (there.beside, there.device, there.precision, there.vectors) == (
        tmp_path,
        "cuda",
        "bf16",
        tmp_path / "kept",
    )


def test_nothing_changes_it_on_the_way_down() -> None:
    with pytest.raises(FrozenInstanceError):
        ANYWHERE.device = "cuda"  # type: ignore[misc]
