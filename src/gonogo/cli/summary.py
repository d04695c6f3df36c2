"""gonogo summary: the rows of a study's summary, again from its trials' files."""

from __future__ import annotations

import typer

from gonogo.cli.shared import options


def summary(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Write summary.csv, summary.txt and the report again from logs and scores, and print them.

    Joined logs (train_logs.jsonl, its parquet twin, train_summary.json) that are gone are written
    again where the logs that a trial appended to are still there. Nothing is trained or scored.
    """
    from gonogo.cli.shared.verdicts import command_line, run_command
    from gonogo.report.pages.contents import contents
    from gonogo.report.pages.summary import summary_text
    from gonogo.study.deciding.publishing import decide_into
    from gonogo.study.tracking.run_logs import restore_run_logs

    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    plan = opened.judged_plan(run_command(opened, study, out))
    restore_run_logs(plan)
    verdict = decide_into(plan, command_line())
    typer.echo(summary_text(verdict, contents(verdict)), nl=False)
    typer.echo(f"\nsummary: {plan.folder.path / 'summary.csv'}")
