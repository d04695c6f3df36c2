"""A study at one tier: what it would do, doing it, and what came of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gonogo.api.showing.card import card, preformatted
from gonogo.api.studies.sources import read_source
from gonogo.core.types import Device
from gonogo.spec.reading.python_values import Settings, as_overrides

if TYPE_CHECKING:
    from gonogo.api.deciding.verdict import Verdict
    from gonogo.api.studies.answers import Criteria
    from gonogo.api.studies.learning import Learning
    from gonogo.api.studies.plan import Plan
    from gonogo.api.studies.result import Result
    from gonogo.api.studies.status import Status
    from gonogo.core.progress import Progress
    from gonogo.spec.study import ResolvedStudy
    from gonogo.study.folder.layout import StudyFolder
    from gonogo.study.planning.plan import Plan as Planned

COMMAND = "gonogo.study(...).run() in Python"
UNRUN = "run it first; is it the same tier and out?"


class Interrupted(KeyboardInterrupt):
    """A run was stopped by hand; what was finished is kept, and running again goes on.

    Attributes:
        where: the trial that was at work, and how far it is kept.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(f"interrupted: {where}; running again continues")


@dataclass(frozen=True)
class Study:
    """A study at one tier, made by `gonogo.study`."""

    resolved: ResolvedStudy = field(repr=False)
    """Every arm's whole configuration."""
    out: Path = field(repr=False)
    """The folder of all outputs."""
    beside: Path = field(repr=False)
    """Where relative data are looked for first."""
    file: Path | None = None
    """The study file; None for a study that was made in Python."""

    @property
    def name(self) -> str:
        """Return the study's name."""
        return self.resolved.study

    @property
    def tier(self) -> str:
        """Return the tier."""
        return self.resolved.tier

    @property
    def folder(self) -> Path:
        """Return where the outputs of this study and tier are."""
        return self._place.path

    @property
    def _place(self) -> StudyFolder:
        from gonogo.study.folder.layout import StudyFolder

        return StudyFolder.under(self.out, self.name, self.tier)

    def look(
        self, *, only: str | None = None, force: bool = False, fetch: bool | None = False
    ) -> Planned:
        """Look at the state of every trial; touches nothing.

        Args:
            only: pattern on arm, arm/seed_n, experiment or reference row; others are left out.
            force: run even what is finished.
            fetch: fetch what is not on this machine; None lists what lies in no folder, too.
        """
        from gonogo.study.planning.plan import make_plan

        return make_plan(
            self.resolved,
            self._place,
            self.beside,
            only=only,
            force=force,
            fetch=fetch,
            file=self.file,
        )

    def plan(
        self,
        *,
        only: str | None = None,
        force: bool = False,
        fetch: bool = False,
        workers: int = 1,
        price_per_hour: float | None = None,
        pilot: str | Path | None = None,
    ) -> Plan:
        """Say what a run would do, how long it takes, and what it could detect.

        Args:
            only: as `look`.
            force: likewise.
            fetch: likewise.
            workers: trials at the same time, for which time and cost are told.
            price_per_hour: of one worker, in any currency.
            pilot: scores to take variances from; a smaller tier's, if not given.
        """
        from gonogo.api.studies.plan import Plan

        planned = self.look(only=only, force=force, fetch=fetch or None)
        return Plan(planned, self.out, workers, price_per_hour, Path(pilot) if pilot else None)

    def run(
        self,
        *,
        workers: int = 1,
        progress: bool | Progress = False,
        device: Literal["auto"] | Device = "auto",
        only: str | None = None,
        force: bool = False,
        stop_when_decided: bool = False,
        run_id: str | None = None,
        warn: Callable[[str], object] = warnings.warn,
        command: str = COMMAND,
    ) -> Result:
        """Train every arm on every seed, score every query, decide, and write the report.

        Finished trials are skipped, interrupted ones resume, changed ones run anew. A trial that
        fails is told by `Result.failed`, and the others run. With several workers a script needs
        ``if __name__ == "__main__":`` around the call, as processes are started.

        Args:
            workers: trials that run at the same time.
            progress: show bars and lines.
            device: where models run.
            only: pattern on arm, arm/seed_n, experiment or reference row; others are left out.
            force: run finished trials anew; the old ones are kept.
            stop_when_decided: after each seed, stop if the verdict cannot change.
            run_id: names the one run that ``only`` leaves, for the summary.
            warn: told what should be looked at before hours are spent.
            command: makes the verdict again; it stands in the report.

        Raises:
            Interrupted: when it is stopped by hand.
            UserError: for wrong input, or if another run is at work in the same folder.
        """
        from gonogo.api.showing.progress import watching
        from gonogo.api.studies.result import Result
        from gonogo.api.studies.running import Orders, work
        from gonogo.study.deciding.publishing import current_verdict, decide_into

        plan = self.look(only=only, force=force, fetch=True)
        orders = Orders(device, workers, stop_when_decided, run_id)
        with watching(progress) as shown:
            summary = work(plan, orders, shown, warn)
        if summary is not None and summary.interrupted:
            raise Interrupted(summary.interrupted)
        if only is not None or summary is not None:
            plan = self.look()
        decided = (decide_into if summary is not None else current_verdict)(plan, command)
        return Result(self, plan, decided, summary)

    def learn(
        self,
        *,
        seed: int | None = None,
        budgets: Sequence[float] | None = None,
        only: str | None = None,
        force: bool = False,
        workers: int = 1,
        device: Literal["auto"] | Device = "auto",
        progress: bool | Progress = False,
    ) -> Learning:
        """Train every arm once, past its budget, and look at it on the way; scores nothing.

        Args:
            seed: of all arms; the study's first, if not given.
            budgets: shares of the study's budget; 1/4, 1/2, 1 and 2, if not given.
            only: pattern on arm; others are left out.
            force: train finished arms anew; the old ones are kept.
            workers: as `run`.
            device: likewise.
            progress: likewise.

        Raises:
            Interrupted: when it is stopped by hand; called again it goes on.
        """
        from gonogo.api.studies.learning import learn
        from gonogo.api.studies.running import Orders

        return learn(self, seed, budgets, only, force, Orders(device, workers), progress)

    def status(self) -> Status:
        """Tell how far every trial has come; touches nothing."""
        from gonogo.api.studies.status import Status

        return Status(self.look())

    @property
    def result(self) -> Result:
        """Return what is on file, finished or not; runs nothing.

        Raises:
            UserError: if nothing was ever run.
        """
        from gonogo.analysis.records.verdict import read_verdict
        from gonogo.api.studies.result import Result

        plan = self.judged_plan()
        there = plan.folder.verdict.exists()
        return Result(self, plan, read_verdict(plan.folder.verdict) if there else None, None)

    def judged_plan(self, hint: str = UNRUN) -> Planned:
        """Return the state of every trial, if there is anything to judge.

        Raises:
            UserError: with ``hint``, if nothing was ever run.
        """
        from gonogo.study.deciding.publishing import refuse_unrun

        plan = self.look()
        refuse_unrun(plan, hint)
        return plan

    def decide(self, *, command: str = COMMAND, unrun: str = UNRUN) -> Verdict:
        """Judge what is on file now, finished or not, and write verdict and report.

        Args:
            command: makes the verdict again; it stands in the report.
            unrun: the way out, where nothing was ever run.

        Raises:
            UserError: with ``unrun``, if nothing was ever run.
        """
        from gonogo.api.deciding.verdict import Verdict
        from gonogo.study.deciding.publishing import decide_into

        return Verdict(decide_into(self.judged_plan(unrun), command))

    def criteria(self) -> Criteria:
        """Answer each line of the study's own levels of success from files alone."""
        from gonogo.api.studies.answers import criteria

        return criteria(self.resolved, self._place, self.beside)

    def __str__(self) -> str:
        """Return question, arms, seeds and where outputs are."""
        study = self.resolved
        seeds = ", ".join(map(str, study.seeds))
        lines = [f"study {study.study}, tier {study.tier}", *filter(None, [study.question])]
        lines += [f"arms    {', '.join(study.arms)}", f"seeds   {seeds}", f"folder  {self.folder}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return card([preformatted(str(self))])


def study(
    source: str | Path | Mapping[str, Any] | object,
    *,
    tier: str | None = None,
    set: Settings | None = None,  # noqa: A002  (what the command line and study files call it)
    out: str | Path = "outputs",
    beside: str | Path | None = None,
) -> Study:
    """Open a study at a tier; nothing runs.

    Args:
        source: the name of a shipped study, the path of a study file, its contents as a dict (in
            which blocks may be specifications), or a study that was opened or built before.
        tier: budget level; ``full`` if not given.
        set: keys to override and their values, such as ``{"training.epochs": 2}``.
        out: the folder of all outputs.
        beside: where relative data are looked for first: the file's folder, or the current one.

    Raises:
        UserError: naming file, place, value and the nearest valid name.
    """
    from gonogo.spec.checks.resolve import resolve

    if isinstance(source, Study):
        if tier in (None, source.tier) and not set:
            return source
        source = source.file or source.resolved.study
    found = read_source(source)
    resolved = resolve(found.file, tier or "full", as_overrides(set), found.values)
    folder = Path(beside) if beside is not None else found.beside
    return Study(resolved, Path(out), folder, None if found.values is not None else found.file)
