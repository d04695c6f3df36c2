from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gonogo.core.errors import UserError
from gonogo.spec.data.beir_sets import BEIR_PUBLIC, averaging_group, beir_list, forum
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.reading.problems import validate
from gonogo.spec.task.tasks import RetrievalTask


def test_fifteen_public_sets_with_cqadupstack_as_one() -> None:
    assert len(BEIR_PUBLIC) == len({one.name for one in BEIR_PUBLIC}) == 15
    assert {one.name: len(one.hub) for one in BEIR_PUBLIC if len(one.hub) > 1} == {
        "cqadupstack": 12
    }


def test_specs_say_where_and_how_judgements_are_used() -> None:
    by_repo = {spec.repo: spec for spec in beir_list("beir/public")}
    assert len(by_repo) == 14 + 12
    assert by_repo["BeIR/scifact"].qrels_repo is None
    forums = [spec for repo, spec in by_repo.items() if "cqadupstack" in repo]
    assert all(spec.qrels_repo == spec.repo for spec in forums)
    assert {averaging_group(spec.name) for spec in forums} == {"cqadupstack"}
    assert {repo for repo, spec in by_repo.items() if spec.split} == {"BeIR/msmarco"}
    assert by_repo["BeIR/msmarco"].split == "dev"
    own = {repo for repo, spec in by_repo.items() if spec.queries_are_documents}
    assert own == {"BeIR/arguana", "BeIR/quora"}


@pytest.mark.parametrize(
    ("dataset", "group", "part"),
    [
        ("mteb/cqadupstack-gis", "cqadupstack", "gis"),
        ("beir/cqadupstack/english", "cqadupstack", "english"),
        ("cqadupstack/tex", "cqadupstack", "tex"),
        ("english", "english", None),
        ("cqadupstack", "cqadupstack", None),
        ("BeIR/scifact", "BeIR/scifact", None),
    ],
)
def test_only_forums_are_grouped(dataset: str, group: str, part: str | None) -> None:
    assert (averaging_group(dataset), forum(dataset)) == (group, part)


def test_lists_take_the_place_of_their_names_and_read_back() -> None:
    spec = EvaluationSpec(datasets=["python-api/numpy", "beir/fast", "toy"])
    names = [data.name for data in spec.datasets]
    fast = ["BeIR/scifact", "BeIR/nfcorpus", "BeIR/fiqa"]
    assert names == ["python-api/numpy", *fast, "toy"]
    assert EvaluationSpec.model_validate(spec.model_dump()) == spec
    assert len(EvaluationSpec(datasets=["beir/public"]).datasets) == 26


def test_faults_are_placed_where_the_file_has_them() -> None:
    """Expanding a list must not shift the places of what follows it."""
    raw = {"datasets": ["beir/fast", {"kind": "hub", "repo": "a/b", "limti": 1}]}
    with pytest.raises(UserError, match=r"datasets\[1\].limti: .*did you mean 'limit'"):
        validate(EvaluationSpec, raw, "study.yaml")


@pytest.mark.parametrize(
    ("name", "meant"), [("beir/publik", "beir/public"), ("beir/fats", "beir/fast")]
)
def test_an_unknown_list_names_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(UserError, match=rf"datasets\[0\]: no data sets '{name}'.*'{meant}'"):
        validate(EvaluationSpec, {"datasets": [name]}, Path("study.yaml"))
    assert EvaluationSpec(datasets=[f"./{name}"]).datasets[0].kind == "beir"


def test_a_folder_of_beir_is_no_list() -> None:
    [data] = EvaluationSpec(datasets=["beir/scifact"]).datasets
    assert (data.kind, data.name) == ("beir", "scifact")


def test_lists_are_not_for_training() -> None:
    with pytest.raises(ValidationError, match="a list of data sets to evaluate on"):
        RetrievalTask(data=["beir/public"])


@pytest.mark.parametrize(
    "names",
    [
        ["beir/fast", "hub:BeIR/fiqa"],
        ["hub:mteb/cqadupstack-gis", "beir/cqadupstack/gis"],
        ["folder/cqadupstack", "beir/cqadupstack/gis"],
    ],
)
def test_a_set_that_stands_twice_is_refused(names: list[str]) -> None:
    with pytest.raises(ValidationError, match=r"two data sets are called|stands twice"):
        EvaluationSpec(datasets=names)
