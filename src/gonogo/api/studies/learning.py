"""Learning curves of a study's arms: what a budget brings, before the study is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.api.showing.card import card, points
from gonogo.api.showing.tables import as_html, as_markdown, as_text
from gonogo.core.progress import Progress

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.records.learning_curves import LearningFile
    from gonogo.api.studies.running import Orders
    from gonogo.api.studies.study import Study
    from gonogo.study.planning.plan import Plan

RECORD = "learning.json"


@dataclass(frozen=True)
class Learning:
    """The curves of every arm on one seed, made by `Study.learn`; print it."""

    record: LearningFile = field(repr=False)
    """Every figure at every budget."""
    folder: Path
    """Where record, tables and figure are."""
    failed: dict[str, str] = field(default_factory=dict)
    """Trainings that failed, and why."""

    @property
    def findings(self) -> list[str]:
        """Return for each arm and figure where it is best, and what the last budget still adds."""
        from gonogo.report.words.learning_words import curve_findings

        return curve_findings(self.record)

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each arm, budget and figure: arm, budget, step, figure, value."""
        import polars as pl

        rows = [
            (curve.arm, point.share, point.step, name, value)
            for curve in self.record.curves
            for point in curve.points
            for name, value in point.figures.items()
        ]
        schema = {
            "arm": pl.String,
            "budget": pl.Float64,
            "step": pl.Int64,
            "figure": pl.String,
            "value": pl.Float64,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return both tables and the findings as Markdown, written to ``path`` where given."""
        from gonogo.core.files import write_text
        from gonogo.report.tables.learning_tables import learning_tables

        text = as_markdown(learning_tables(self.record), None)
        text += "".join(f"\n- {line}" for line in self.findings) + "\n"
        if path is not None:
            write_text(Path(path), text)
        return text

    def save(self) -> None:
        """Write ``learning.json``, ``.md``, ``.csv``, ``.svg`` and ``.png`` into the folder."""
        from gonogo.analysis.records.learning_curves import write_learning
        from gonogo.core.files import write_bytes, write_text
        from gonogo.report.pages.figures import render
        from gonogo.report.plots.learning import learning_plot
        from gonogo.report.tables.learning_tables import learning_csv

        write_learning(self.folder / RECORD, self.record)
        self.to_markdown(self.folder / "learning.md")
        write_text(self.folder / "learning.csv", learning_csv(self.record))
        if self.record.curves:
            for kind, data in render(learning_plot(self.record), ("svg", "png")).items():
                write_bytes(self.folder / f"learning.{kind}", data)

    def __str__(self) -> str:
        """Return both tables, the findings, and what failed."""
        from gonogo.report.tables.learning_tables import learning_tables

        lines = [as_text(learning_tables(self.record)), "", *self.findings]
        lines += [f"failed: {name}: {why}" for name, why in self.failed.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from gonogo.report.tables.learning_tables import learning_tables

        tables = [as_html(table) for table in learning_tables(self.record)]
        return card([*tables, points("Findings", self.findings)])


def learn(
    study: Study,
    seed: int | None,
    budgets: Sequence[float] | None,
    only: str | None,
    force: bool,
    orders: Orders,
    progress: bool | Progress,
) -> Learning:
    """Train to the longest budget, read the looks, and write them down; see `Study.learn`."""
    from gonogo.study.planning.budgets import SHARES, checked_shares
    from gonogo.study.tracking.learning_curves import gather_learning

    shares = checked_shares(SHARES if budgets is None else budgets)
    plan = learning_plan(study, seed, shares, only=only, force=force)
    failed = _train(plan, orders, progress)
    plan = learning_plan(study, seed, shares, only=only, force=False)
    found = Learning(gather_learning(plan, shares), plan.folder.path, failed)
    found.save()
    return found


def learning_plan(
    study: Study, seed: int | None, shares: Sequence[float], *, only: str | None, force: bool
) -> Plan:
    """Plan one training of every arm, to the longest budget."""
    from gonogo.study.folder.layout import StudyFolder
    from gonogo.study.planning.budgets import learning_folder, learning_study
    from gonogo.study.planning.plan import make_plan

    own = study.resolved
    longer = learning_study(own, shares, own.seeds[0] if seed is None else seed)
    place = learning_folder(StudyFolder.under(study.out, own.study, own.tier))
    return make_plan(
        longer, place, study.beside, only=only, force=force, fetch=True, file=study.file
    )


def _train(plan: Plan, orders: Orders, progress: bool | Progress) -> dict[str, str]:
    from gonogo.api.showing.progress import watching
    from gonogo.api.studies.study import Interrupted
    from gonogo.core.extras import require

    require("train", "gonogo learn")
    with watching(progress) as shown:
        shown.say("loading the libraries that train")
        from gonogo.models.parts.devices import resolve_device
        from gonogo.study.running.learning import train_plan

        device = resolve_device(orders.device)
        summary = train_plan(plan, device=device, progress=shown, workers=orders.workers)
    if summary.interrupted:
        raise Interrupted(summary.interrupted)
    return dict(summary.failed)
