"""gonogo summary: the rows of a study's summary, again from its trials' files."""

from __future__ import annotations

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo, echo_lines


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
    from gonogo.api.studies.answers import summary as summarise
    from gonogo.cli.shared.verdicts import command_line, run_command

    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    found = summarise(opened.judged_plan(run_command(opened, study, out)), command_line())
    echo_lines(found)
    echo()
    echo(f"summary: {found.file}")
