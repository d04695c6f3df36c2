"""Decide, write the report, and say so on the console."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from gonogo.analysis.records.verdict import VerdictFile
    from gonogo.study.planning.plan import Plan


def command_line() -> str:
    """Return the command that is running, as the report will print it."""
    import shlex

    return shlex.join(["gonogo", *sys.argv[1:]])


def decide_and_report(plan: Plan, *, quiet: bool = False) -> VerdictFile:
    """Judge a study's folder, write everything that people read, and print the verdict.

    Args:
        plan: the study as it stands.
        quiet: print nothing.
    """
    verdict = write_decision(plan, command_line())
    if not quiet:
        _show(verdict, plan.folder.path)
    return verdict


def refuse_unrun(plan: Plan, study: str, out: Path) -> None:
    """Make sure that there is something to judge.

    Args:
        plan: the study as it stands.
        study: the study as the user named it.
        out: the folder that holds all outputs.

    Raises:
        UserError: if no trial and no reference row was ever started, with the command that runs it.
    """
    from gonogo.core.errors import UserError

    folders = [*(trial.folder for trial in plan.trials), *(row.folder for row in plan.references)]
    if any(folder.path.exists() for folder in folders):
        return
    hint = f"{_run_command(plan, study, out)} runs it; was it run with another --out or --tier?"
    raise UserError(f"nothing was run in {plan.folder.path}", hint=hint)


def _run_command(plan: Plan, study: str, out: Path) -> str:
    import shlex

    from gonogo.cli.shared.options import DEFAULT_OUT

    words = ["gonogo", "run", study]
    words += ["--tier", plan.study.tier] if plan.study.tier != "full" else []
    words += ["--out", str(out)] if out != DEFAULT_OUT else []
    words += [word for text in plan.study.overrides for word in ("--set", text)]
    return shlex.join(words)


def write_decision(plan: Plan, command: str) -> VerdictFile:
    """Judge a study's folder and write everything that people read."""
    from gonogo.study.deciding.decided import mark_decided
    from gonogo.study.deciding.decision import decide_plan

    verdict = decide_plan(plan, command)
    _write(verdict, plan.folder.path)
    mark_decided(plan)
    return verdict


def show_verdict(plan: Plan) -> VerdictFile:
    """Print the verdict that is there."""
    from gonogo.analysis.records.verdict import read_verdict

    verdict = read_verdict(plan.folder.verdict)
    _show(verdict, plan.folder.path)
    return verdict


def publish(verdict: VerdictFile, folder: Path, *, quiet: bool = False) -> None:
    """Write verdict.json and the report into ``folder``, and print the verdict unless quiet."""
    _write(verdict, folder)
    if not quiet:
        _show(verdict, folder)


def _write(verdict: VerdictFile, folder: Path) -> None:
    from gonogo.analysis.records.verdict import write_verdict
    from gonogo.report.pages.writing import write_report

    write_verdict(folder / "verdict.json", verdict)
    write_report(verdict, folder)


def _show(verdict: VerdictFile, folder: Path) -> None:
    from rich.console import Console

    from gonogo.report.pages.console import print_verdict

    print_verdict(verdict, Console())
    typer.echo(f"report: {folder / 'report.html'}")
