from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data import cached, loading
from gonogo.spec.data import BeirData, PythonApiData


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
