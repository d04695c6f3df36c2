from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import read_study, resolve

Write = Callable[..., Path]
MORE = """\
study: more
question: More?
extends: toy.yaml
defaults: {model: {adapter: {rank: 4}}}
arms:
  rank_only: null
  wide: {tasks: [embed], model: {adapter: {rank: 32}}}
gate: {kind: improvement, task: embed, candidate: wide, baseline: emb_only}
tiers: {small: {seeds: [8]}}
"""


@pytest.fixture
def more(study: Write) -> Callable[..., Path]:
    def write(old: str = "", new: str = "") -> Path:
        assert old in MORE
        path = study().with_name("more.yaml")
        path.write_text(MORE.replace(old, new, 1) if old else MORE)
        return path

    return write


def test_blocks_are_merged_and_the_gate_is_replaced(more: Write) -> None:
    full = resolve(more())
    assert (full.study, full.question, full.seeds) == ("more", "More?", (1, 2))
    assert {name: arm.model.adapter.rank for name, arm in full.arms.items()} == {  # type: ignore[union-attr]
        "emb_only": 4,
        "joint_single": 4,
        "wide": 32,
    }
    assert full.gate.kind == "improvement"
    assert [data.name for data in full.evaluation.datasets] == ["python-api/numpy", "scifact"]
    small = resolve(more(), "small")
    assert small.seeds == (8,)
    assert {arm.model.adapter.rank for arm in small.arms.values()} == {8}  # type: ignore[union-attr]


def test_a_chain_of_extended_studies_and_overrides_of_the_last(more: Write) -> None:
    path = more().with_name("most.yaml")
    path.write_text(
        "study: most\nquestion: Most?\nextends: more.yaml\narms: {joint_single: null}\n"
    )
    assert list(resolve(path).arms) == ["emb_only", "wide"]
    assert resolve(path, overrides=("seeds=[5]",)).seeds == (5,)


def test_a_shipped_study_is_found_by_its_name(more: Write) -> None:
    path = more()
    path.write_text("study: mine\nquestion: Mine?\nextends: interference\nseeds: [3]\n")
    assert read_study(path).gate == read_study(path, values=read_values("interference")).gate
    assert resolve(path).seeds == (3,)


def read_values(name: str) -> dict[str, object]:
    from gonogo.spec.reading.reading import read_mapping
    from gonogo.spec.reading.shipped import shipped_studies

    return read_mapping(shipped_studies()[name])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("toy.yaml", "tpy.yaml", r"more\.yaml: extends: .*no study 'tpy\.yaml'"),
        ("toy.yaml", "more.yaml", r"more\.yaml: extends: 'more\.yaml' extends itself"),
        ("toy.yaml", "[toy]", r"extends: .*is no study"),
        ("toy.yaml", "../toy.txt", r"extends: .*no study"),
        ("rank_only: null", "rank_onli: null", r"arms\.rank_onli: nothing to leave out.*rank_only"),
        ("question: More?\n", "", r"more\.yaml: study or question is missing"),
        ("rank: 4", "rank: -4", r"defaults\.model\.adapter\.rank: -4"),
    ],
)
def test_what_cannot_be_extended_is_one_line(more: Write, old: str, new: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem) as caught:
        resolve(more(old, new))
    assert "\n" not in str(caught.value)


def test_an_error_in_the_base_says_where_it_was_written(more: Write) -> None:
    path = more()
    base = path.with_name("toy.yaml")
    base.write_text(base.read_text().replace("[1, 2]", "[1, x]"))
    with pytest.raises(UserError, match=r"extends toy\.seeds\[1\]"):
        resolve(path)
