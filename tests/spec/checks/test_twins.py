"""Arms that a tier or an override makes equal are trained once; those of the gate stay apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.spec.checks.resolve import resolve
from gonogo.spec.checks.twins import twin_of
from gonogo.spec.study import ResolvedStudy
from gonogo.study.folder.shipped import find_study

ONE_RUN = ("training.max_steps=300", "seeds=[0]", "tasks.distill.objective.temperature=0.07")


def distillation(*sets: str, tier: str = "full") -> ResolvedStudy:
    return resolve(find_study("distillation"), tier, sets)


def test_settings_of_all_arms_leave_one_run() -> None:
    study = distillation(*ONE_RUN)
    asked = [row for row in study.experiments.values() if not row.on_request]
    assert {(row.arm, row.seeds) for row in asked} == {("core_20k", (0,))}
    assert list(study.places()) == [("core_20k", 0)]
    assert twin_of("tau_0.10", study) == "core_20k"


def test_arms_that_still_differ_stay(tmp_path: Path) -> None:
    study = distillation("training.max_steps=300")
    assert [row.arm for row in study.experiments.values()] == [
        *("core_20k", "core_20k", "core_20k", "tau_0.05", "tau_0.10", "svd_start")
    ]
    assert study.idle_arms == ("core_50k",)
    assert twin_of("core_50k", study) == "core_20k"


def test_a_tier_shares_them_too_and_the_full_one_changes_nothing() -> None:
    assert distillation(tier="quick").idle_arms == ("core_50k",)
    assert distillation().idle_arms == ()


@pytest.mark.parametrize("named", ["gate.candidate=core_50k", "gate.baseline=core_50k"])
def test_an_arm_that_the_gate_names_stays(named: str) -> None:
    study = distillation("training.max_steps=300", named)
    assert study.experiments["core_50k_seeds012"].arm == "core_50k"


def test_rows_run_in_their_order_and_on_request_alone() -> None:
    study = distillation()
    order = [
        *(("core_20k", 0), ("core_20k", 1), ("core_20k", 2)),
        *(("core_50k", 0), ("core_50k", 1), ("core_50k", 2)),
        *(("tau_0.05", 0), ("tau_0.10", 0)),
    ]
    assert list(study.places()) == order
    everything = study.places(on_request=True)
    assert list(everything) == [*order, *(("svd_start", seed) for seed in (0, 1, 2))]
    assert [place for place, asked in everything.items() if asked] == [
        ("svd_start", seed) for seed in (0, 1, 2)
    ]
    assert study.seeds_of("svd_start") == ()
    assert study.seeds_of("svd_start", on_request=True) == (0, 1, 2)
