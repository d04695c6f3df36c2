"""The checks before a run: each a line, none an error."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
from planted_runs import head_study
from planted_trials import plan_of

from gonogo.study.planning import sanity
from gonogo.study.planning.plan import Plan
from gonogo.study.planning.sanity import Check, sanity_checks


def checks(plan: Plan) -> dict[str, Check]:
    found = sanity_checks(plan)
    assert all("\n" not in check.line for check in found)
    return {check.name: check for check in found}


@pytest.fixture
def study_of_heads(tiny_study: Path) -> Path:
    return head_study(tiny_study)


def test_nothing_is_wrong_with_the_tiny_study(tiny_study: Path, tmp_path: Path) -> None:
    found = checks(plan_of(tiny_study, tmp_path))
    assert list(found) == ["data", "torch", "disk", "memory"]
    assert found["data"].text == "all found (left, right)"
    assert found["data"].line == "sanity check: data     ok: all found (left, right)"
    assert found["torch"].fine


def test_absent_data_packages_disk_and_memory_are_warnings(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    def little() -> SimpleNamespace:
        return SimpleNamespace(available=2**20)

    plan = plan_of(tiny_study, tmp_path, "evaluation.datasets=[left, hub:nobody/nowhere]")
    monkeypatch.setattr(sanity, "version", absent)
    monkeypatch.setattr(sanity, "free_mb", lambda plan: 3.0)
    monkeypatch.setattr(sanity.psutil, "virtual_memory", little)
    found = checks(plan)
    assert not any(check.fine for check in found.values())
    assert "nobody/nowhere" in found["data"].text
    assert found["torch"].text == "not installed"
    assert found["disk"].text == "3 MB free, about 1,024 MB wanted"
    assert found["memory"].text == "1 MB free, 2,048 MB wanted"
    assert "WARNING" in found["disk"].line


def test_a_queue_larger_than_its_corpus_is_a_warning(study_of_heads: Path, tmp_path: Path) -> None:
    found = [
        check for check in sanity_checks(plan_of(study_of_heads, tmp_path)) if check.name == "queue"
    ]
    assert [(check.fine, check.text) for check in found] == [
        (True, "40 vectors in the corpora for a queue of 40"),
        (False, "40 vectors in the corpora for a queue of 50"),
    ]


def test_a_check_that_fails_is_a_warning_and_no_error(study_of_heads: Path, tmp_path: Path) -> None:
    plan = plan_of(study_of_heads, tmp_path)
    (study_of_heads.parent / "bank.npy").unlink()
    found = checks(plan)["queue"]
    assert not found.fine
    assert "could not be looked at" in found.text
