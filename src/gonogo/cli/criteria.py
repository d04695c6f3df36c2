"""gonogo criteria: how far a study has come on its own levels of success."""

from __future__ import annotations

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo, echo_lines


def criteria(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Answer each line of the study's levels from files alone: met, not met, or unknown."""
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    echo_lines(opened.criteria())
    echo()
