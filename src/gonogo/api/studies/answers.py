"""What a study's files answer without running anything: its levels of success, its summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.api.showing.card import card
from gonogo.api.showing.tables import as_html, as_markdown, as_text
from gonogo.core.files import write_json, write_text

if TYPE_CHECKING:
    from gonogo.report.cells.tables import Table
    from gonogo.spec.study import ResolvedStudy
    from gonogo.study.deciding.criteria import Criteria as Record
    from gonogo.study.folder.layout import StudyFolder
    from gonogo.study.planning.plan import Plan


class Criteria:
    """How far a study has come on its own levels of success.

    Args:
        study: whose levels they are.
        record: every line with its answer.
    """

    def __init__(self, study: ResolvedStudy, record: Record) -> None:
        self._study, self._record = study, record

    @property
    def levels(self) -> dict[str, str]:
        """Return ``met``, ``not met`` or ``unknown`` for each level."""
        return {**self._record.levels}

    @property
    def reached(self) -> str | None:
        """Return the highest level that is met."""
        return self._record.reached

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return every line with its answer as Markdown, written to ``path`` where given."""
        return as_markdown([self._table()], path)

    def save(self, folder: Path) -> None:
        """Write ``criteria.json`` and ``criteria.md`` into a folder."""
        write_json(folder / "criteria.json", {**asdict(self._record), "reached": self.reached})
        write_text(folder / "criteria.md", self.to_markdown())

    def _table(self) -> Table:
        from gonogo.report.words.criteria_table import criteria_table

        found = self._record
        rows = [(line.level, line.line, line.status, line.found) for line in found.lines]
        return criteria_table(
            f"{self._study.study}, tier {self._study.tier}",
            rows,
            found.levels,
            found.changes,
            preliminary=found.preliminary,
        )

    def __repr__(self) -> str:
        """Return the lines as a terminal shows them."""
        return as_text([self._table()])

    def _repr_html_(self) -> str:
        return card([as_html(self._table())])


def criteria(study: ResolvedStudy, folder: StudyFolder, beside: Path) -> Criteria:
    """Answer each line of a study's levels from files alone, and write that beside them."""
    from gonogo.study.deciding.criteria import check_study

    found = Criteria(study, check_study(study, folder, beside))
    if folder.path.is_dir():
        found.save(folder.path)
    return found


@dataclass(frozen=True)
class Summary:
    """A row for each experiment or arm of a study.

    Attributes:
        text: as a terminal shows it.
        file: the same as CSV.
    """

    text: str
    file: Path

    def __str__(self) -> str:
        """Return the text."""
        return self.text


def summary(plan: Plan, command: str) -> Summary:
    """Write joined logs that are gone, the verdict, its report and the summary again."""
    from gonogo.report.pages.contents import contents
    from gonogo.report.pages.summary import summary_text
    from gonogo.study.deciding.publishing import decide_into
    from gonogo.study.tracking.run_logs import restore_run_logs

    restore_run_logs(plan)
    verdict = decide_into(plan, command)
    return Summary(summary_text(verdict, contents(verdict)), plan.folder.path / "summary.csv")
