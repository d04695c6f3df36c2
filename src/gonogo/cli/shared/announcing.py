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
    from gonogo.api.deciding.verdict import Verdict

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

    def finish(self, verdict: Verdict) -> None:
        """Write what was asked for; the words for people are out already, or were not wanted.

        Raises:
            typer.Exit: with a code of its own where the verdict is one that fails.
        """
        words = failing(self.fail_on)
        code = exit_code(verdict.counts_as, words)
        if self.as_json:
            write_json(verdict.to_json())
        if self.junit is not None:
            verdict.to_junit(self.junit, fail_on=words)
        if summary := os.environ.get(SUMMARY):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(verdict.to_summary())
        if code:
            raise typer.Exit(code)
