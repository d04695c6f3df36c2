"""gonogo criteria: how far a study has come on its own levels of success."""

from __future__ import annotations

import typer

from gonogo.cli.shared import options


def criteria(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Answer each line of the study's levels from files alone: met, not met, or unknown."""
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    typer.echo(str(opened.criteria()) + "\n")
