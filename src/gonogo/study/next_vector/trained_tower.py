"""The query tower that a trial has trained, and its pairs, from the files of the trial alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.sources.pairs_data import open_pairs_data
from gonogo.models.build.build import load_model
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.models.parts.devices import resolve_precision
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.next_vector.postmortem import PostmortemSpec
from gonogo.spec.reading.problems import dotted, validate
from gonogo.spec.reading.reading import read_mapping
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.states import STUDY_FOLDER, read_result


class _Evaluation(BaseModel):
    checkpoint: str = "final"


class _Training(BaseModel):
    precision: Literal["auto"] | Precision = "auto"


class _Config(BaseModel):
    tasks: dict[str, dict[str, Any]]
    evaluation: _Evaluation
    training: _Training = _Training()
    postmortem: PostmortemSpec = PostmortemSpec()


class _Record(BaseModel):
    """What is read of ``trial.yaml``."""

    config: _Config
    # Trials of earlier versions did not note it.
    study_folder: Path | None = Field(default=None, alias=STUDY_FOLDER)


@dataclass(frozen=True)
class TowerTrial:
    """A trial that trains a query tower.

    Attributes:
        folder: of the trial.
        task: that the tower is taught.
        scored: the checkpoint that the evaluation reads.
        precision: number format that the study asks for.
        beside: where the study file lay when the trial ran; None where that was not noted.
        postmortem: what the study compares it with.
    """

    folder: Path
    task: NextVectorTask
    scored: str
    precision: Literal["auto"] | Precision
    beside: Path | None
    postmortem: PostmortemSpec

    def tower(
        self, *, aborted: bool = False, device: Device = "cpu", precision: Precision | None = None
    ) -> tuple[QueryTower, str]:
        """Return the tower that the evaluation scores, and the name of its checkpoint.

        Args:
            aborted: take what an abort left, where there is one: the tower that went wrong.
            device: where it computes.
            precision: number format of its matrix products; by default that of the trial, so that
                its queries are those that were scored.

        Raises:
            UserError: if there is no checkpoint yet, or it holds another model.
        """
        name = self._checkpoint(aborted=aborted)
        form = precision or self.recorded_precision(device)
        model = load_model(self.folder / "checkpoints" / name, device=device, precision=form)
        if not isinstance(model, QueryTower):
            raise UserError("its model is no query tower", file=self.folder)
        return model, name

    def recorded_precision(self, device: Device) -> Precision:
        """Return the number format that the trial ran in.

        Where no attempt has noted one, what the study asks for, as the device has it.
        """
        noted = read_result(TrialFolder(self.folder)).precision
        formats: dict[str, Precision] = {"fp32": "fp32", "bf16": "bf16", "fp16": "fp16"}
        return formats.get(str(noted)) or resolve_precision(self.precision, device)

    def _checkpoint(self, *, aborted: bool) -> str:
        # Without what the evaluation scores, training is under way or was aborted: then the best.
        places = self.folder / "checkpoints"
        for name in (*(["abort"] if aborted else []), self.scored, "final", "best"):
            if (places / name).is_dir():
                return name
        raise UserError("no checkpoint yet", file=places, hint="train it first")

    def pairs(self, *, beside: Path | None = None) -> NextVectors:
        """Open the pairs that the tower was trained on, with the same bank.

        Args:
            beside: where relative data folders are looked for first; by default where the study
                file lay.

        Raises:
            UserError: if they are gone or changed.
        """
        return open_pairs_data(self.task.data, beside=beside or self.beside)


def open_tower_trial(folder: Path) -> TowerTrial:
    """Read what a trial's folder says of it.

    Raises:
        UserError: if it is no trial of a query tower, or its record is not what a run writes.
    """
    file = TrialFolder(folder).config
    if not file.is_file():
        raise UserError(f"no {file.name}, so this is no trial's folder", file=folder)
    record = validate(_Record, read_mapping(file), file)
    tasks = record.config.tasks.items()
    towers = [(name, task) for name, task in tasks if task.get("kind") == "next_vector"]
    if not towers:
        raise UserError("this trial trains no query tower", file=file, place="config.tasks")
    name, task = towers[0]
    spec = validate(
        NextVectorTask, task, file, lambda place: dotted(("config", "tasks", name, *place))
    )
    return TowerTrial(
        folder=folder,
        task=spec,
        scored=record.config.evaluation.checkpoint,
        precision=record.config.training.precision,
        beside=record.study_folder,
        postmortem=record.config.postmortem,
    )
