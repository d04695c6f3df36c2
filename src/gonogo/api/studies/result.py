"""What a study has come to: verdict, scores, trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.api.deciding.verdict import Verdict
from gonogo.api.showing.card import card, points, preformatted
from gonogo.api.studies.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.records.verdict import VerdictFile
    from gonogo.api.studies.study import Study
    from gonogo.study.planning.plan import Plan
    from gonogo.study.running.runner import RunSummary


@dataclass(frozen=True)
class Result:
    """What is on file of a study at a tier, made by `Study.run` and `Study.result`."""

    study: Study
    planned: Plan = field(repr=False)
    decided: VerdictFile | None = field(repr=False)
    summary: RunSummary | None = field(default=None, repr=False)
    """What the run did, trial by trial; None where nothing ran."""

    @property
    def verdict(self) -> Verdict | None:
        """Return the verdict; None where nothing was decided yet."""
        return None if self.decided is None else Verdict(self.decided)

    @property
    def failed(self) -> dict[str, str]:
        """Return the trials that failed in this run, and why."""
        return {} if self.summary is None else dict(self.summary.failed)

    @property
    def folder(self) -> Path:
        """Return where everything is."""
        return self.planned.folder.path

    @property
    def report(self) -> Path:
        """Return the page."""
        return self.planned.folder.report

    @property
    def trials(self) -> Trials:
        """Return the trials, by arm and seed."""
        return Trials(self.planned)

    def scores(self) -> pl.DataFrame:
        """Return every score of finished trials and reference rows.

        Columns arm, seed (null for rows without one), task, dataset, metric, query_id, value.
        """
        from gonogo.study.deciding.gathering import gather_scores

        return gather_scores(self.planned)

    def __str__(self) -> str:
        """Return the verdict, and what failed."""
        head = "not decided yet" if self.verdict is None else repr(self.verdict)
        lines = [head, *(f"failed: {name}: {why}" for name, why in self.failed.items())]
        return "\n".join([*lines, f"report: {self.report}"])

    def _repr_html_(self) -> str:
        failed = [f"{name}: {why}" for name, why in self.failed.items()]
        if self.verdict is None:
            return card([preformatted(str(self))])
        extra = card([points("Failed", failed)]) if failed else ""
        return self.verdict._repr_html_() + extra
