"""gonogo status: how far a study has come."""

from __future__ import annotations

from collections import Counter

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
    from gonogo.cli.shared.plans import stop_lines

    planned = options.open_plan(study, tier=tier, quick=quick, out=out, sets=sets)
    width = max(len(trial.name) for trial in planned.trials)
    for trial in planned.trials:
        standing = trial.standing
        error = f"  last attempt: {standing.error}" if standing.error else ""
        typer.echo(f"{trial.name:{width}}  {standing.state:8}  {standing.reason}{error}")
    counts = Counter(trial.standing.state for trial in planned.trials)
    typer.echo(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    for line in stop_lines(planned):
        typer.echo(line)
    if planned.folder.verdict.exists():
        from gonogo.analysis.records.verdict import read_verdict

        verdict = read_verdict(planned.folder.verdict)
        typer.echo(verdict.decision.sentence)
        typer.echo(f"report: {planned.folder.report}")
