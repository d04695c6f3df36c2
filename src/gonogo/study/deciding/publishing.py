"""A verdict with everything that people read, written into its folder."""

from __future__ import annotations

from pathlib import Path

from gonogo.analysis.records.verdict import VerdictFile, read_verdict, write_verdict
from gonogo.core.errors import UserError
from gonogo.report.pages.writing import write_report
from gonogo.study.deciding.decided import is_decided, mark_decided
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.planning.plan import Plan


def write_all(verdict: VerdictFile, folder: Path) -> Path:
    """Write verdict.json, the page, tables and figures; return the page."""
    write_verdict(folder / "verdict.json", verdict)
    write_report(verdict, folder)
    return folder / "report.html"


def decide_into(plan: Plan, command: str) -> VerdictFile:
    """Judge a study's folder, write everything, and remember what it rests on."""
    verdict = decide_plan(plan, command)
    write_all(verdict, plan.folder.path)
    mark_decided(plan)
    return verdict


def current_verdict(plan: Plan, command: str) -> VerdictFile:
    """Return the verdict on file; decide and write anew where something has changed since."""
    return read_verdict(plan.folder.verdict) if is_decided(plan) else decide_into(plan, command)


def refuse_unrun(plan: Plan, hint: str) -> None:
    """Make sure that there is something to judge.

    Raises:
        UserError: with ``hint``, if no trial and no reference row was ever started.
    """
    folders = [*(trial.folder for trial in plan.trials), *(row.folder for row in plan.references)]
    if not any(folder.path.exists() for folder in folders):
        raise UserError(f"nothing was run in {plan.folder.path}", hint=hint)
