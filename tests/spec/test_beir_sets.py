from __future__ import annotations

import pytest

from gonogo.data.beir_sets import BEIR_PUBLIC, CQADUPSTACK_FORUMS, averaging_group, group_mean


def test_fifteen_public_sets_with_cqadupstack_as_one() -> None:
    assert len(BEIR_PUBLIC) == len({one.name for one in BEIR_PUBLIC}) == 15
    assert {one.name: len(one.hub) for one in BEIR_PUBLIC if len(one.hub) > 1} == {
        "cqadupstack": 12
    }
    assert [one.name for one in BEIR_PUBLIC if one.split != "test"] == ["msmarco"]


def test_specs_say_where_the_judgements_lie() -> None:
    by_name = {one.name: one for one in BEIR_PUBLIC}
    assert [spec.qrels_repo for spec in by_name["scifact"].specs] == [None]
    forums = by_name["cqadupstack"].specs
    assert all(spec.qrels_repo == spec.repo for spec in forums)
    assert {averaging_group(spec.name) for spec in forums} == {"cqadupstack"}


@pytest.mark.parametrize(
    ("dataset", "group"),
    [
        ("mteb/cqadupstack-gis", "cqadupstack"),
        ("beir/cqadupstack/english", "cqadupstack"),
        ("cqadupstack/tex", "cqadupstack"),
        ("english", "english"),
        ("BeIR/scifact", "BeIR/scifact"),
    ],
)
def test_only_forums_are_grouped(dataset: str, group: str) -> None:
    assert averaging_group(dataset) == group


def test_twelve_forums_count_as_one_set() -> None:
    values = {f"cqadupstack/{forum}": 0.2 for forum in CQADUPSTACK_FORUMS}
    assert group_mean({**values, "scifact": 0.6}) == pytest.approx(0.4)
    with pytest.raises(ValueError, match="no values"):
        group_mean({})
