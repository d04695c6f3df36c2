from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.judged import cached
from gonogo.data.sources import loading
from gonogo.spec.data.text_data import BeirData, PythonApiData


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "study" / "toy"
    (home / "qrels").mkdir(parents=True)
    (home / "corpus.jsonl").write_text(json.dumps({"_id": "d", "text": "one"}) + "\n")
    (home / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "?"}) + "\n")
    (home / "qrels" / "test.tsv").write_text("q\td\t1\n")
    return home


def test_a_folder_beside_the_study_and_its_fingerprint(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = BeirData(folder="toy")
    data = loading.load_dataset(spec, "test", beside=folder.parent)
    assert (data.name, data.split, data.corpus.texts) == ("toy", "test", ("one",))
    first = loading.dataset_fingerprint(spec, "test", beside=folder.parent)
    assert first == data.fingerprint

    def load(*args: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(cached, "load_beir", load)
        assert loading.dataset_fingerprint(spec, "test", beside=folder.parent) == first
        os.utime(folder / "corpus.jsonl", ns=(1, 1))  # touched: it is read again
        with pytest.raises(AssertionError, match="read again"):
            loading.dataset_fingerprint(spec, "test", beside=folder.parent)
    assert loading.dataset_fingerprint(spec, "test", beside=folder.parent) == first


def test_changed_content_changes_the_fingerprint_and_a_new_place_does_not(
    folder: Path, tmp_path: Path
) -> None:
    first = loading.dataset_fingerprint(BeirData(folder=str(folder)), "test")
    moved = folder.rename(tmp_path / "elsewhere")
    spec = BeirData(folder=str(moved))
    assert loading.dataset_fingerprint(spec, "test") == first
    (moved / "qrels" / "test.tsv").write_text("q\td\t2\n")
    assert loading.dataset_fingerprint(spec, "test") != first


def test_a_split_of_the_data_set_comes_before_the_one_asked_for(folder: Path) -> None:
    (folder / "qrels" / "dev.tsv").write_text("q\td\t2\n")
    spec = BeirData(folder=str(folder), split="dev")
    data = loading.load_dataset(spec, "test")
    assert (data.split, data.qrels) == ("dev", {"q": {"d": 2}})
    plain = BeirData(folder=str(folder))
    assert loading.dataset_fingerprint(spec, "test") == data.fingerprint
    assert data.fingerprint == loading.dataset_fingerprint(plain, "dev")
    assert data.fingerprint != loading.dataset_fingerprint(plain, "test")


def test_queries_that_are_documents_are_another_data_set(folder: Path) -> None:
    own = json.dumps({"_id": "q", "text": "?"}) + "\n"
    with (folder / "corpus.jsonl").open("a") as handle:
        handle.write(own)
    plain = BeirData(folder=str(folder))
    spec = BeirData(folder=str(folder), queries_are_documents=True)
    data = loading.load_dataset(spec, "test")
    assert loading.load_dataset(plain, "test").own_rows == {}
    assert data.own_rows == {"q": 1}
    assert data.sample_queries(1).queries_are_documents
    assert loading.dataset_fingerprint(spec, "test") == data.fingerprint
    assert data.fingerprint != loading.dataset_fingerprint(plain, "test")


def test_a_query_judged_relevant_to_itself_is_a_contradiction(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("q\td\t1\nq\tq\t1\n")
    with (folder / "corpus.jsonl").open("a") as handle:
        handle.write(json.dumps({"_id": "q", "text": "?"}) + "\n")
    spec = BeirData(folder=str(folder), queries_are_documents=True)
    with pytest.raises(UserError, match=r"toy: query 'q' is judged relevant to itself"):
        loading.load_dataset(spec, "test")


def test_a_missing_folder_is_a_user_error_for_both(folder: Path) -> None:
    for function in (loading.load_dataset, loading.dataset_fingerprint):
        with pytest.raises(UserError, match=r"no data folder 'tou'.*did you mean 'toy'"):
            function(BeirData(folder="tou"), "test", beside=folder.parent)


def test_python_api_data_and_its_fingerprint_agree(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "loadedapi"
    package.mkdir()
    for number in range(20):
        (package / f"m{number}.py").write_text(
            f'"""Describe the module number {number}.\n\nPart {number} follows in some words."""\n'
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = PythonApiData(package="loadedapi")
    data = loading.load_dataset(spec, "train")
    assert data.name == "python-api/loadedapi"
    assert loading.dataset_fingerprint(spec, "train") == data.fingerprint
    assert data.corpus.ids[0].startswith("loadedapi.m")
