"""gonogo run: train, score and decide a study."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared import announcing, exit_codes, options
from gonogo.cli.shared.echo import echo, echo_lines

if TYPE_CHECKING:
    from gonogo.api.studies.result import Result

_RunId = Annotated[
    str | None,
    typer.Option("--run-id", help="Name of the one run that --only leaves, for the summary."),
]
_StopWhenDecided = Annotated[
    bool,
    typer.Option("--stop-when-decided", help="After each seed, stop if the verdict cannot change."),
]


def run(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    device: options.DeviceName = "auto",
    out: options.Out = options.DEFAULT_OUT,
    only: options.Only = None,
    sets: options.Sets = None,
    workers: options.Workers = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-d", help="Print the exact plan and touch nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Run finished trials anew; old ones are kept.")
    ] = False,
    run_id: _RunId = None,
    stop_when_decided: _StopWhenDecided = False,
    fail_on: exit_codes.FailOn = None,
    junit: announcing.Junit = None,
) -> None:
    """Train every arm on every seed, score every query, decide, and write the report.

    Finished trials are skipped, interrupted ones resume, changed ones run anew.
    """
    said = announcing.Announcement(fail_on, junit=junit)
    options.require_training("gonogo run", needed=not dry_run)
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    if dry_run:
        from gonogo.cli.shared.flags import with_flags

        echo_lines(with_flags(opened.plan(only=only, force=force).trials_text(run_id)))
        return
    from gonogo.api.studies.study import Interrupted
    from gonogo.cli.shared.verdicts import command_line

    try:
        result = opened.run(
            workers=workers,
            progress=True,
            device=device,
            only=only,
            force=force,
            stop_when_decided=stop_when_decided,
            run_id=run_id,
            warn=partial(echo, err=True),
            command=command_line(),
        )
    except Interrupted as stopped:
        echo(f"interrupted: {stopped.where}; the same command continues", err=True)
        raise typer.Exit(130) from stopped
    _show(result, workers)
    if result.verdict is not None:
        said.finish(result.verdict)


def _show(result: Result, workers: int) -> None:
    """Print the verdict, and what the run took where something ran."""
    from gonogo.cli.shared.verdicts import show_verdict

    if result.verdict is not None:
        show_verdict(result.verdict, result.folder)
    if result.summary is None:
        return
    from gonogo.api.showing.progress import duration

    summary = result.summary
    echo()
    echo("time")
    for name, seconds in summary.seconds.items():
        echo(f"  {name:32} {duration(seconds)}")
    echo(f"  {'all':32} {duration(sum(summary.seconds.values()))}")
    if workers > 1:
        echo(f"  {'elapsed':32} {duration(summary.elapsed)}")
    for name, reason in summary.failed.items():
        echo(f"failed: {name}: {reason}", err=True)
    if summary.failed:
        raise typer.Exit(1)
