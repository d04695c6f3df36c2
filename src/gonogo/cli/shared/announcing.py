"""Say a verdict to people, programs and pipelines, and end with the code that was asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared.echo import write_json
from gonogo.cli.shared.exit_codes import exit_code, failing

if TYPE_CHECKING:
    from gonogo.analysis.records.verdict import VerdictFile

AsJson = Annotated[
    bool, typer.Option("--json", help="Write the decision to standard output, and nothing else.")
]
Junit = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write the verdict as JUnit XML.")
]
SUMMARY = "GITHUB_STEP_SUMMARY"
"""Environment variable with the file that a GitHub workflow shows as a step's summary."""


@dataclass(frozen=True)
class Announcement:
    """Where else than to a terminal a verdict goes, and which words fail.

    Args:
        fail_on: the words of ``--fail-on``, as given.
        as_json: standard output holds the decision as JSON and nothing else.
        junit: file for JUnit XML.

    Raises:
        UserError: if ``fail_on`` names no verdict; before anything was computed.
    """

    fail_on: str | None = None
    as_json: bool = False
    junit: Path | None = None

    def __post_init__(self) -> None:
        failing(self.fail_on)

    def finish(self, verdict: VerdictFile) -> None:
        """Write what was asked for; the words for people are out already, or were not wanted.

        Raises:
            typer.Exit: with a code of its own where the verdict is one that fails.
        """
        from gonogo.core.files import write_text
        from gonogo.report.pages.pipelines import decision_json, junit, step_summary

        code = exit_code(verdict.decision, failing(self.fail_on))
        if self.as_json:
            write_json(decision_json(verdict))
        if self.junit is not None:
            write_text(self.junit, junit(verdict, failed=code != 0))
        if summary := os.environ.get(SUMMARY):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(step_summary(verdict))
        if code:
            raise typer.Exit(code)
