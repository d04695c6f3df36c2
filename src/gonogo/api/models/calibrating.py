"""Whether models' scores tell how likely a document is relevant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gonogo.api.models.evaluating import names_of_models
from gonogo.api.models.model import Model
from gonogo.api.showing.card import card
from gonogo.api.showing.tables import as_html, as_text
from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision

if TYPE_CHECKING:
    from gonogo.analysis.statistics.calibration import Calibration
    from gonogo.core.progress import Progress
    from gonogo.report.cells.tables import Table
    from gonogo.study.trained.calibrate_models import CalibratedSet


@dataclass(frozen=True)
class CalibratedModels:
    """What `calibrate` found: the expected calibration error of every model on every set."""

    record: tuple[CalibratedSet, ...] = field(repr=False)

    @property
    def errors(self) -> dict[tuple[str, str], float]:
        """Return the expected calibration error for each (model, set) that has one."""
        return {(r.model, r.dataset): r.found.error for r in self.record if r.found is not None}

    def save(self, path: str | Path, *, command: str = "calibrate(...) in Python") -> list[Path]:
        """Write everything as JSON, and the reliability figure beside it; return the files.

        Raises:
            UserError: for another ending than ``.json``.
        """
        from gonogo.core.files import write_bytes, write_json
        from gonogo.report.pages.figures import render
        from gonogo.report.plots.reliability import reliability_plot
        from gonogo.report.tables.calibration_table import calibration_json

        file = checked_json(Path(path))
        write_json(file, calibration_json(self._rows(), command))
        written = [file]
        lines = [(f"{m}, {d}", found) for m, d, found, _ in self._rows() if found is not None]
        if lines:
            for kind, data in render(reliability_plot(lines), ("png", "pdf")).items():
                written.append(file.with_suffix(f".{kind}"))
                write_bytes(written[-1], data)
        return written

    def _rows(self) -> list[tuple[str, str, Calibration | None, str]]:
        return [(one.model, one.dataset, one.found, one.note) for one in self.record]

    def _table(self) -> Table:
        from gonogo.report.tables.calibration_table import calibration_table

        return calibration_table(self._rows())

    def __str__(self) -> str:
        """Return the table as a terminal shows it."""
        return as_text([self._table()])

    def _repr_html_(self) -> str:
        return card([as_html(self._table())])


def checked_json(path: Path) -> Path:
    """Return a path that `CalibratedModels.save` can write to.

    Raises:
        UserError: for another ending.
    """
    if path.suffix != ".json":
        hint = "the figure lies beside it as .png and .pdf"
        raise UserError(f"{path.name!r} is no .json file", place="out", hint=hint)
    return path


def calibrate(
    models: Model | str | Path | Sequence[Model | str | Path],
    datasets: str | Sequence[str],
    *,
    max_queries: int | None = None,
    device: Literal["auto"] | Device = "auto",
    precision: Literal["auto"] | Precision = "fp32",
    progress: bool | Progress = False,
) -> CalibratedModels:
    """Say how far scores are off as probabilities, by a monotone map fitted on the train split.

    Args:
        models: one or several: a model that was loaded, or whatever `load` takes, or ``bm25``.
        datasets: sets with judgements of a train and a test split.
        max_queries: at most so many queries of each split.
        device: where models compute.
        precision: of matrix products.
        progress: show bars and lines.

    Raises:
        UserError: for a model or set that is not to be had.
    """
    from gonogo.api.showing.progress import watching
    from gonogo.core.extras import require

    require("train", "calibrating models")
    from gonogo.data.sources.evaluation_sets import evaluation_sets
    from gonogo.data.weights.model_places import find_model

    named = [datasets] if isinstance(datasets, str) else list(datasets)
    sets = evaluation_sets(named)
    places = [find_model(name) for name in names_of_models(models)]
    with watching(progress) as shown:
        shown.say("loading the libraries that embed")
        from gonogo.models.parts.devices import resolve_device, resolve_precision
        from gonogo.study.trained.calibrate_models import calibrate_models
        from gonogo.study.trained.evaluate_model_parts import Settings
        from gonogo.study.trained.evaluate_models import Machine

        where = resolve_device(device)
        machine = Machine(where, resolve_precision(precision, where))
        settings = Settings(max_queries=max_queries)
        rows = calibrate_models(places, sets, settings, machine, progress=shown)
    return CalibratedModels(tuple(rows))
