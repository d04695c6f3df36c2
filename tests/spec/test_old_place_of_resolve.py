"""Scripts that were written before the rooms still find `resolve`."""

from __future__ import annotations

from gonogo.spec import resolve as old
from gonogo.spec.checks import resolve as new


def test_the_old_place_names_the_same_function() -> None:
    assert old.resolve is new.resolve
