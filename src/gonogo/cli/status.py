"""gonogo status: how far a study has come."""

from __future__ import annotations

import typer

from gonogo.cli.shared import options


def status(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Show the state of every trial, and the verdict if there is one."""
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    typer.echo(str(opened.status()))
