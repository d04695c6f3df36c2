"""Print a verdict, and the command that makes it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    from gonogo.api.deciding.verdict import Verdict
    from gonogo.api.studies.study import Study


def command_line() -> str:
    """Return the command that is running, as the report will print it."""
    import shlex

    return shlex.join(["gonogo", *sys.argv[1:]])


def run_command(study: Study, named: str, out: Path) -> str:
    """Return what to do where nothing was run.

    Args:
        study: as it was opened.
        named: the study as the user named it.
        out: the folder that holds all outputs.
    """
    import shlex

    from gonogo.cli.shared.options import DEFAULT_OUT

    words = ["gonogo", "run", named]
    words += ["--tier", study.tier] if study.tier != "full" else []
    words += ["--out", str(out)] if out != DEFAULT_OUT else []
    words += [word for text in study.resolved.overrides for word in ("--set", text)]
    return f"{shlex.join(words)} runs it; was it run with another --out or --tier?"


def show_verdict(verdict: Verdict, folder: Path) -> None:
    """Print a verdict, in colour on a terminal, and where its page is."""
    verdict.show()
    echo(f"report: {folder / 'report.html'}")
