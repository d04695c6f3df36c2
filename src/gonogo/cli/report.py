"""gonogo report: write the page, tables and figures again from verdict.json."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo


def report(
    study: Annotated[
        str, typer.Argument(help="A study, a folder with verdict.json, or that file.")
    ],
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Write report.html, report.md, tables and figures from verdict.json alone."""
    from gonogo.api.deciding.verdict import read_verdict

    path = Path(study)
    if path.is_dir():
        path = path / "verdict.json"
    elif path.suffix != ".json":
        opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
        path = opened.folder / "verdict.json"
    files = read_verdict(path).write_report(path.parent)
    for label, file in files.items():
        echo(f"{label:20} {file}")
