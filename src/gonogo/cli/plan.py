"""gonogo plan: what a run would do, what it costs, and what it could detect."""

from __future__ import annotations

import typer

from gonogo.cli import options


def plan(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    only: options.Only = None,
    sets: options.Sets = None,
) -> None:
    """Show what would run, be resumed or be skipped, and why; touches nothing."""
    from gonogo.cli.plans import plan_lines

    planned = options.open_plan(study, tier=tier, quick=quick, out=out, sets=sets, only=only)
    typer.echo("\n".join(plan_lines(planned)))
