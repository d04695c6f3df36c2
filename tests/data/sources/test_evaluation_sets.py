from __future__ import annotations

from pathlib import Path

import pytest
from study_values import write_beir

from gonogo.core.errors import UserError
from gonogo.data.sources.evaluation_sets import NOT_PUBLIC, evaluation_sets
from gonogo.spec.data.beir_sets import BEIR_PUBLIC, CQADUPSTACK_FORUMS
from gonogo.spec.data.text_data import BeirData, HubData


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GONOGO_DATA", raising=False)


def test_all_is_what_is_public_and_names_what_is_not() -> None:
    sets = {one.name: one for one in evaluation_sets(["all"])}
    assert list(sets) == [*(one.name for one in BEIR_PUBLIC), *NOT_PUBLIC]
    assert all(sets[name].unavailable for name in NOT_PUBLIC)
    assert all(sets[one.name].unavailable == "" for one in BEIR_PUBLIC)
    assert len(sets["cqadupstack"].members) == len(CQADUPSTACK_FORUMS)
    assert sets["msmarco"].members[0].split == "dev"


def test_a_folder_here_comes_before_the_hub(tmp_path: Path) -> None:
    [hub] = evaluation_sets(["arguana"])
    assert isinstance(hub.members[0], HubData)
    write_beir(tmp_path / "arguana", 0)
    [here] = evaluation_sets(["arguana"])
    folder = here.members[0]
    assert isinstance(folder, BeirData)
    assert folder.queries_are_documents  # the same rule, wherever the set comes from


def test_forums_are_local_only_when_all_twelve_are(tmp_path: Path) -> None:
    def kinds() -> set[type]:
        return {type(member) for member in evaluation_sets(["cqadupstack"])[0].members}

    for forum in CQADUPSTACK_FORUMS[1:]:
        write_beir(tmp_path / "cqadupstack" / forum, 0)
    assert kinds() == {HubData}
    write_beir(tmp_path / "cqadupstack" / CQADUPSTACK_FORUMS[0], 0)
    assert kinds() == {BeirData}


def test_each_set_once_and_lists_by_name() -> None:
    names = [one.name for one in evaluation_sets(["scifact", "beir/fast", "scifact"])]
    assert sorted(names) == ["fiqa", "nfcorpus", "scifact"]
    assert names[0] == "scifact"


def test_a_name_of_nothing_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'scifact'"):
        evaluation_sets(["scifcat"])
    [closed] = evaluation_sets(["robust04"])
    assert "not public" in closed.unavailable


def test_two_folders_of_one_name_get_longer_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("de/faq", "en/faq", "other"):
        (tmp_path / folder).mkdir(parents=True)
    found = evaluation_sets(["en/faq", "de/faq", "other", "./en/faq"])
    assert [one.name for one in found] == ["en/faq", "de/faq", "other"]


def test_a_folder_of_a_known_set_is_that_set_however_its_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arguana").mkdir()
    for name in ("arguana", "./arguana", str(tmp_path / "arguana")):
        [one] = evaluation_sets([name])
        assert one.name == "arguana"
        assert one.members[0].queries_are_documents  # type: ignore[union-attr]
    assert len(evaluation_sets(["arguana", "./arguana"])) == 1


def test_own_documents_are_left_out_on_request(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    [one] = evaluation_sets([str(tmp_path / "own")], queries_are_documents=True)
    assert one.members[0].queries_are_documents  # type: ignore[union-attr]
