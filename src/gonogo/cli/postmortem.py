"""gonogo postmortem: why a query tower found what it found, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def postmortem(
    trial: Annotated[
        Path, typer.Argument(help="Folder of a trial, such as .../trials/gru/seed_42.")
    ],
) -> None:
    """Judge margin, hard negatives, bank and fill rates, and show where recall is lost."""
    from gonogo.core.extras import require

    require("train", "gonogo postmortem")
    from gonogo.core.files import write_bytes
    from gonogo.report.pages.figures import render
    from gonogo.report.plots.postmortem import postmortem_plot
    from gonogo.study.next_vector.postmortem import REPORT, as_text
    from gonogo.study.next_vector.postmortem import postmortem as measure

    record = measure(trial)
    for line in as_text(record):
        typer.echo(line)
    for kind, data in render(postmortem_plot(record), ("svg", "png")).items():
        write_bytes(trial / f"postmortem.{kind}", data)
    typer.echo(f"written to {trial / REPORT}, postmortem.svg, postmortem.png")
