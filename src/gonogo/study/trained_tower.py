"""The query tower that a trial has trained, and its pairs, from the files of the trial alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from gonogo.core.errors import UserError
from gonogo.data.next_vectors import NextVectors, open_next_vectors
from gonogo.models.build import load_model
from gonogo.models.query_tower import QueryTower
from gonogo.spec.next_vector_task import NextVectorTask
from gonogo.study.layout import TrialFolder
from gonogo.study.states import STUDY_FOLDER


def tower_of(folder: Path, *, aborted: bool = False) -> tuple[QueryTower, str]:
    """Return the tower that a trial's evaluation scores, and the name of its checkpoint.

    Args:
        folder: of the trial.
        aborted: take what an abort left, where there is one: the tower that went wrong.

    Raises:
        UserError: if it is no trial of a query tower, or has no checkpoint.
    """
    name = _checkpoint(folder, _record(folder), aborted=aborted)
    model = load_model(folder / "checkpoints" / name)
    if not isinstance(model, QueryTower):
        raise UserError("its model is no query tower", file=folder)
    return model, name


def _checkpoint(folder: Path, record: dict[str, Any], *, aborted: bool) -> str:
    # Without what the evaluation scores, training is under way or was aborted: then the best.
    scored = record["config"]["evaluation"].get("checkpoint", "final")
    names = [*(["abort"] if aborted else []), scored, "final", "best"]
    for name in names:
        if (folder / "checkpoints" / name).is_dir():
            return str(name)
    raise UserError("no checkpoint yet", file=folder / "checkpoints", hint="train it first")


def task_of(folder: Path) -> NextVectorTask:
    """Return the task that a trial's tower was taught.

    Raises:
        UserError: if it is no trial of a query tower.
    """
    every = _record(folder)["config"]["tasks"].values()
    tasks = [task for task in every if task["kind"] == "next_vector"]
    if not tasks:
        file = TrialFolder(folder).config
        raise UserError("this trial trains no query tower", file=file, place="tasks")
    return TypeAdapter(NextVectorTask).validate_python(tasks[0])


def pairs_of(folder: Path, *, beside: Path | None = None) -> NextVectors:
    """Open the pairs that a trial's tower was trained on, with the same bank.

    Args:
        folder: of the trial.
        beside: where relative data folders are looked for first; by default beside the study file,
            where it lay when the trial ran.

    Raises:
        UserError: if it is no trial of a query tower, or its data are gone or changed.
    """
    noted = _record(folder).get(STUDY_FOLDER)  # trials of earlier versions did not note it
    if beside is None and noted is not None:
        beside = Path(noted)
    data = task_of(folder).data
    return open_next_vectors(data.folder, bank=data.bank, beside=beside)


def _record(folder: Path) -> dict[str, Any]:
    file = TrialFolder(folder).config
    if not file.is_file():
        raise UserError("no trial.yaml, so this is no trial's folder", file=folder)
    record: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return record
