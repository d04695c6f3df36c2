"""Which pairs may be scored beside those that a model learned from."""

from __future__ import annotations

import pytest

from gonogo.spec.data.running_text import RunningTextPairs, running_text_among
from gonogo.spec.data.vector_data import PairsData

TEXT = RunningTextPairs(source=("python-api/json", "more.txt"))


def test_one_folder_over_two_banks_is_refused() -> None:
    here, there = PairsData(folder="p"), PairsData(folder="p", bank="white")
    assert here.wrong_beside(here) is None
    assert here.wrong_beside(PairsData(folder="q", bank="white")) is None
    message, hint = here.wrong_beside(there) or ("", "")
    assert message == "the bank is that of the pairs here, but 'white' in training"
    assert "the same bank" in hint


@pytest.mark.parametrize(("change", "wrong"), [({"stride": 7}, True), ({}, False)])
def test_text_that_is_cut_in_another_way_is_refused(change: dict[str, int], wrong: bool) -> None:
    other = TEXT.model_copy(update={"source": ("python-api/json",), **change}) if change else TEXT
    found = TEXT.wrong_beside(other)
    assert (found is not None) == wrong
    if found:
        assert found[0].startswith("python-api/json is cut or split in another way")


def test_other_text_and_other_kinds_are_let_through() -> None:
    assert TEXT.wrong_beside(TEXT.model_copy(update={"source": ("other.txt",)})) is None
    assert TEXT.wrong_beside(PairsData(folder="p")) is None
    assert PairsData(folder="p").wrong_beside(TEXT) is None


def test_running_text_is_found_among_pairs_each_once() -> None:
    other = TEXT.model_copy(update={"stride": 7})
    assert running_text_among([TEXT, PairsData(folder="p"), other, TEXT]) == [TEXT, other]
