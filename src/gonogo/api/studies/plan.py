"""A plan that can be read: what would run and why, what it costs, what it could detect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gonogo.api.showing.card import card, preformatted
from gonogo.core.types import Device

if TYPE_CHECKING:
    from gonogo.core.progress import Progress
    from gonogo.study.planning.plan import Plan as Planned


@dataclass(frozen=True)
class Plan:
    """What a run would do, made by `Study.plan`; print it."""

    planned: Planned = field(repr=False)
    """Every trial with its settings and its state."""
    out: Path = field(repr=False)
    workers: int = 1
    price_per_hour: float | None = None
    pilot: Path | None = None

    @property
    def actions(self) -> Mapping[str, str]:
        """Return for each trial and reference row: run, resume, evaluate or skip."""
        planned = self.planned
        trials = {one.name: str(one.action) for one in planned.trials}
        return trials | {row.name: str(row.action) for row in planned.references}

    @property
    def missing(self) -> Mapping[str, str]:
        """Return data and weights that a run would have to fetch first, and why."""
        return self.planned.missing

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.planned.is_finished

    def calibrate(
        self,
        *,
        device: Literal["auto"] | Device = "auto",
        progress: bool | Progress = False,
    ) -> None:
        """Measure a few steps of every arm here, so that the plan can tell time and cost."""
        from gonogo.api.showing.progress import watching

        with watching(progress) as shown:
            shown.say("measuring a few steps of every arm")
            from gonogo.models.parts.devices import resolve_device
            from gonogo.study.running.calibration import calibrate

            calibrate(self.planned, device=resolve_device(device), progress=shown)
        self.__dict__.pop("_text", None)

    def trials_text(self, run_id: str | None = None) -> str:
        """Return what would happen to each trial, and the rows of the study's summary."""
        from gonogo.api.studies.plan_words import plan_lines
        from gonogo.api.studies.running import names_of
        from gonogo.report.cells.table_text import text
        from gonogo.report.tables.run_tables import run_table
        from gonogo.study.tracking.experiments import gather_runs

        lines: list[str] = []
        names = names_of(self.planned, run_id, lines.append)
        runs = gather_runs(self.planned, dry_run=True, names=names)
        rows = [] if runs is None else ["", text(run_table(runs)).rstrip()]
        return "\n".join([*lines, *plan_lines(self.planned), *rows])

    @cached_property
    def _text(self) -> str:
        from gonogo.api.studies.plan_words import cost_lines, plan_lines, sensitivity_lines
        from gonogo.study.planning.forecast import forecast_cost
        from gonogo.study.planning.sensitivity import find_pilot, forecast_sensitivity

        planned = self.planned
        sensitivity = forecast_sensitivity(planned, find_pilot(planned, self.out, self.pilot))
        lines = plan_lines(planned)
        lines += cost_lines(planned, forecast_cost(planned), self.workers, self.price_per_hour)
        return "\n".join([*lines, *sensitivity_lines(planned, sensitivity)])

    def __str__(self) -> str:
        """Return the whole plan as lines."""
        return self._text

    def _repr_html_(self) -> str:
        return card([preformatted(self._text)])
