"""A component whose extra is missing is told before a run fetches or trains anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from planted_weights import write_tiny_study
from test_planning import plan_of

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.data.vector_data import VectorFile
from gonogo.spec.evaluation.evaluation_tasks import NeighbourEvaluation
from gonogo.study.planning.components import require_components


@pytest.mark.parametrize(
    ("tracker", "hint"),
    [("tensorboard", r"pip install 'gonogo\[trackers\]'"), ("wandb", "pip install wandb")],
)
def test_a_tracker_that_is_not_installed(
    tracker: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, tracker, None)
    path, sets = write_tiny_study(tmp_path), f"training.trackers=[{tracker}]"
    plan_of(path, tmp_path / "out", sets)  # planning fetches nothing and refuses nothing
    with pytest.raises(UserError, match=rf"^training.trackers: .*{tracker}.*\({hint}, or leave"):
        plan_of(path, tmp_path / "out", sets, fetch=True)
    monkeypatch.setitem(sys.modules, tracker, sys)
    plan_of(path, tmp_path / "out", sets, fetch=True)


def test_an_index_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)
    study = resolve(write_tiny_study(tmp_path))
    data = (VectorFile(path="rows.npy"),)

    def scored(against: str) -> None:
        task = NeighbourEvaluation(data=data, against=against)  # type: ignore[arg-type]
        evaluation = study.evaluation.model_copy(update={"tasks": {"index": task}})
        changed = study.model_copy(update={"evaluation": evaluation})
        require_components(changed)

    scored("teacher")
    told = r"^evaluation.tasks.index.against: .*usearch \(pip install 'gonogo\[ann\]'"
    with pytest.raises(UserError, match=told):
        scored("exact")
