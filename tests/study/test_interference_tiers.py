"""The shipped study's large tiers name the right data and can be planned without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.spec.checks.resolve import resolve
from gonogo.spec.data.text_data import HubData
from gonogo.spec.rule.gates import InterferenceGate
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.shipped import find_study
from gonogo.study.planning.plan import make_plan


def test_beir_differs_from_full_only_in_what_it_is_evaluated_on() -> None:
    path = find_study("interference")
    full, beir = resolve(path, "full"), resolve(path, "beir")
    assert (full.seeds, full.preliminary) == (beir.seeds, beir.preliminary)
    for arm, config in full.arms.items():
        other = beir.arms[arm]
        datasets = other.evaluation.datasets
        assert len(datasets) == 26
        evaluation = config.evaluation.model_copy(update={"datasets": datasets})
        assert config.model_copy(update={"evaluation": evaluation}) == other


def test_full_trains_on_half_a_million_queries_of_msmarco() -> None:
    [data] = resolve(find_study("interference")).arms["joint_single"].tasks["embed"].data
    assert isinstance(data, HubData)
    assert (data.repo, data.config, data.limit) == (
        "sentence-transformers/msmarco-bm25",
        "triplet",
        500_000,
    )


def test_planning_lists_what_is_to_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    path = find_study("interference")
    folder = StudyFolder.under(tmp_path, "interference", "beir")
    missing = make_plan(resolve(path, "beir"), folder, path.parent).missing
    assert "sentence-transformers/msmarco-bm25/triplet (train)" in missing
    assert "BeIR/msmarco (dev)" in missing  # the data set's own split, not the evaluation's
    assert "BeIR/fever (test)" in missing


def test_the_comparison_by_updates_stands_beside_where_its_arm_runs() -> None:
    path = find_study("interference")
    for tier, beside in (("full", ["updates"]), ("cpu", ["updates"]), ("smoke", [])):
        study = resolve(path, tier)
        assert isinstance(study.gate, InterferenceGate)
        assert list(study.gate.beside) == beside
        assert ("joint_updates" in study.arms) == bool(beside)


def test_the_cpu_tiers_differ_in_seeds_alone() -> None:
    path = find_study("interference")
    three, five = resolve(path, "cpu"), resolve(path, "cpu5")
    assert three.arms == five.arms
    assert three.evaluation == five.evaluation
    assert set(three.seeds) < set(five.seeds)
