"""gonogo status: how far a study has come."""

from __future__ import annotations

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo_lines


def status(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Show the state of every trial, and the verdict if there is one."""
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    echo_lines(opened.status())
