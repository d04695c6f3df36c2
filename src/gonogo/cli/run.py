"""gonogo run: train, score and decide a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared import options

if TYPE_CHECKING:
    from gonogo.study.planning.plan import Plan
    from gonogo.study.running.runner import RunSummary


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
    run_id: Annotated[
        str | None,
        typer.Option("--run-id", help="Name of the one run that --only leaves, for the summary."),
    ] = None,
    stop_when_decided: Annotated[
        bool,
        typer.Option(
            "--stop-when-decided", help="After each seed, stop if the verdict cannot change."
        ),
    ] = False,
) -> None:
    """Train every arm on every seed, score every query, decide, and write the report.

    Finished trials are skipped, interrupted ones resume, changed ones run anew.
    """
    from gonogo.cli.shared.plans import plan_lines
    from gonogo.core.extras import require

    if not dry_run:
        require("train", "gonogo run")
    plan = options.open_plan(
        study, tier=tier, quick=quick, out=out, sets=sets, only=only, force=force, fetch=not dry_run
    )
    names = _names(plan, run_id)
    if dry_run:
        typer.echo("\n".join([*plan_lines(plan), *_run_lines(plan, names)]))
        return
    summary = _work(plan, device, workers, stop_when_decided, run_id)
    if summary is not None and summary.interrupted:
        typer.echo(f"interrupted: {summary.interrupted}; the same command continues", err=True)
        raise typer.Exit(130)
    if only is not None or summary is not None:
        plan = options.open_plan(study, tier=tier, quick=quick, out=out, sets=sets)
    _decide(plan, anew=summary is not None)
    if summary is not None:
        _end(summary, workers)


def _names(plan: Plan, run_id: str | None) -> dict[str, str]:
    """Check a name before anything runs; say so where its row is finished under another one.

    Returns:
        The names that the run will give, by row.
    """
    if run_id is None:
        return {}
    from gonogo.study.tracking.run_ids import finished_as, names_given

    names = names_given(plan, run_id)
    for row, known in finished_as(plan, names).items():
        if names.pop(row) != known:
            typer.echo(f"{row}: finished already as {known}; --force runs it anew under this name")
    return names


def _run_lines(plan: Plan, names: dict[str, str]) -> list[str]:
    """Show the rows of the study's summary as a run would find and name them."""
    from gonogo.report.cells.table_text import text
    from gonogo.report.tables.run_tables import run_table
    from gonogo.study.tracking.experiments import gather_runs

    runs = gather_runs(plan, dry_run=True, names=names)
    return [] if runs is None else ["", text(run_table(runs)).rstrip()]


def _work(
    plan: Plan, device: options.Device, workers: int, stop_when_decided: bool, run_id: str | None
) -> RunSummary | None:
    """Run what is left to do; import nothing heavy when nothing is."""
    from gonogo.cli.shared.plans import stop_lines

    if plan.is_finished:
        from gonogo.study.running.settling import settle_finished

        settle_finished(plan)  # a run that was killed at its last step has left that undone
        typer.echo("nothing to do: every trial is finished")
        return None
    if stop_when_decided and (stopped := stop_lines(plan)):
        typer.echo(f"nothing to do: {stopped[0]}")
        return None
    from gonogo.cli.shared.display import open_progress
    from gonogo.study.planning.sanity import sanity_checks

    for check in sanity_checks(plan, workers):
        typer.echo(check.line, err=not check.fine)
    with open_progress() as progress:
        progress.say("loading the libraries that train")
        from gonogo.models.parts.devices import resolve_device
        from gonogo.study.running.runner import run_plan

        return run_plan(
            plan,
            device=resolve_device(device),
            progress=progress,
            workers=workers,
            stop_when_decided=stop_when_decided,
            run_id=run_id,
        )


def _decide(plan: Plan, *, anew: bool) -> None:
    """Decide and write the report, unless both are there and nothing has changed since."""
    from gonogo.cli.shared.verdicts import decide_and_report, show_verdict
    from gonogo.study.deciding.decided import is_decided

    if not anew and is_decided(plan):
        show_verdict(plan)
    else:
        decide_and_report(plan)


def _end(summary: RunSummary, workers: int) -> None:
    from gonogo.cli.shared.display import duration

    typer.echo("\ntime")
    for name, seconds in summary.seconds.items():
        typer.echo(f"  {name:32} {duration(seconds)}")
    typer.echo(f"  {'all':32} {duration(sum(summary.seconds.values()))}")
    if workers > 1:
        typer.echo(f"  {'elapsed':32} {duration(summary.elapsed)}")
    for name, reason in summary.failed.items():
        typer.echo(f"failed: {name}: {reason}", err=True)
    if summary.failed:
        raise typer.Exit(1)
