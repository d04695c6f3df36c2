"""What a data set answers, whatever kind it is of."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_values import write_beir

from gonogo.core.errors import NotHereYetError, UserError
from gonogo.data.sources.loading import open_source
from gonogo.spec.data.text_data import (
    BeirData,
    DataSpec,
    HubData,
    IrDatasetsData,
    PythonApiData,
)

OTHERS = [
    PythonApiData(package="json"),
    HubData(repo="BeIR/nowhere"),
    IrDatasetsData(dataset="beir/nowhere"),
]


def test_a_folder_answers_for_what_it_holds(data_home: Path) -> None:
    source = open_source(BeirData(folder="left"))
    assert source.folder("test") == data_home / "left"
    assert source.place()[-1] == "left"
    assert source.place() == (data_home / "left").resolve().parts[1:]
    test = source.dataset("test")
    assert source.fingerprint("test") == test.fingerprint
    assert source.count_queries("test") == len(test.queries)
    assert source.corpus().ids == test.corpus.ids
    assert [path.name for path in source.files("train")] == [
        "corpus.jsonl",
        "queries.jsonl",
        "train.tsv",
    ]


def test_two_names_of_one_folder_settle_on_one(data_home: Path) -> None:
    names = ["left", "./left", str(data_home / "left"), "left/../left"]
    assert len({open_source(BeirData(folder=name)).settled() for name in names}) == 1


def test_the_study_files_folder_is_looked_in(tmp_path: Path, data_home: Path) -> None:
    write_beir(tmp_path / "deep" / "right", 0)
    spec = BeirData(folder="right")
    with pytest.raises(UserError, match="no data folder"):
        open_source(spec).place()
    assert open_source(spec, beside=tmp_path / "deep").place()[-2:] == ("deep", "right")


@pytest.mark.parametrize("spec", OTHERS, ids=lambda spec: spec.kind)
def test_what_nobody_put_into_a_folder_has_no_place_and_one_name(spec: DataSpec) -> None:
    source = open_source(spec)
    assert source.place() == ()
    assert source.settled() is spec
    assert source.corpus_split() == "train"
    assert source.corpus_split("test") == "test"


@pytest.mark.parametrize("spec", OTHERS[1:], ids=lambda spec: spec.kind)
def test_what_is_not_here_is_not_fetched_where_that_is_off(spec: DataSpec, data_home: Path) -> None:
    for ask in (
        lambda: open_source(spec).fingerprint("test", fetch=False),
        lambda: open_source(spec).count_queries("test"),
        lambda: open_source(spec).files("test", fetch=False),
    ):
        with pytest.raises(NotHereYetError, match="not fetched yet"):
            ask()


def test_the_specifications_own_split_comes_first(data_home: Path) -> None:
    source = open_source(BeirData(folder="left", split="train"))
    assert source.corpus_split("test") == "train"
    assert source.dataset("test").split == "train"
    assert source.fingerprint("test") == source.fingerprint("train")
    assert source.count_queries("test") == source.count_queries("train")


def test_a_corpus_is_that_of_the_first_split_there_is(data_home: Path) -> None:
    write_beir(data_home / "tested", 0, splits=("test",))
    assert open_source(BeirData(folder="tested")).corpus_split() == "test"
    assert len(open_source(BeirData(folder="tested")).corpus()) > 0


def test_a_querys_own_document_is_left_out_where_it_may_have_one(data_home: Path) -> None:
    plain = BeirData(folder="left")
    own = plain.with_own_left_out()
    assert (plain.leaves_out_own, own.leaves_out_own) == (False, True)
    assert not open_source(plain).dataset("test").queries_are_documents
    assert open_source(own).dataset("test").queries_are_documents
    assert open_source(own).fingerprint("test") == open_source(own).dataset("test").fingerprint
    assert open_source(own).fingerprint("test") != open_source(plain).fingerprint("test")
    api = PythonApiData(package="json")
    assert api.with_own_left_out() is api
    assert not api.leaves_out_own
