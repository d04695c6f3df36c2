"""gonogo learn: what each arm has learned at a few budgets, before a study is paid for."""

from __future__ import annotations

from typing import Annotated

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo, echo_lines

_Budgets = Annotated[
    str | None,
    typer.Option(help="Shares of the study's budget; 0.25,0.5,1,2 if not given."),
]


def learn(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    device: options.DeviceName = "auto",
    out: options.Out = options.DEFAULT_OUT,
    only: options.Only = None,
    sets: options.Sets = None,
    workers: options.Workers = 1,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all arms; the study's first if not given.")
    ] = None,
    budgets: _Budgets = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Train finished arms anew; old ones are kept.")
    ] = False,
) -> None:
    """Train every arm once to twice its budget and show what it had learned on the way.

    Looks are taken at queries held out of the training data; nothing is scored or decided.
    """
    options.require_training("gonogo learn")
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    from gonogo.api.studies.study import Interrupted

    try:
        found = opened.learn(
            seed=seed,
            budgets=None if budgets is None else _shares(budgets),
            only=only,
            force=force,
            workers=workers,
            device=device,
            progress=True,
        )
    except Interrupted as stopped:
        echo(f"interrupted: {stopped.where}; the same command continues", err=True)
        raise typer.Exit(130) from stopped
    echo_lines(found)
    echo(f"written to {found.folder}: learning.md, .csv, .json, .svg, .png")
    if found.failed:
        raise typer.Exit(1)


def _shares(text: str) -> list[float]:
    from gonogo.core.errors import UserError

    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise UserError(
            "not a list of numbers", place="--budgets", value=text, hint="0.25,0.5,1,2"
        ) from error
