"""gonogo decide: scores to a verdict, from our own runs or from any trainer's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared import options


def decide(
    study: Annotated[
        str, typer.Argument(metavar="STUDY_OR_GATE", help="A study, or a file with a gate.")
    ],
    scores: Annotated[
        Path | None, typer.Option("--scores", help="Score table made elsewhere: parquet or csv.")
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option("--runs", help="Folder of runs: <arm>/seed_<n>/<task>/<dataset>.trec."),
    ] = None,
    qrels: Annotated[
        str | None,
        typer.Option("--qrels", help="Judgements for --runs: a file, a folder, or ir:..."),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="How paths below --runs read, as {arm}_seed{seed}_{dataset}.res.gz."),
    ] = None,
    empty_is_zero: Annotated[
        bool,
        typer.Option(
            "--empty-is-zero", help="Judged queries without a ranking were searched in vain."
        ),
    ] = False,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of all outputs, or of this one verdict."),
    ] = None,
    sets: options.Sets = None,
) -> None:
    """Judge scores by a pre-registered gate; says PASS, MARGINAL, FAIL or INCOMPLETE.

    Without --scores or --runs the study's own outputs below --out are judged; with them, verdict
    and report are written into --out itself, outputs/decisions/<name> unless given.
    """
    from gonogo.cli.shared.verdicts import command_line, publish
    from gonogo.core.errors import UserError, printable

    if scores is not None and runs is not None:
        raise UserError("--scores and --runs contradict each other", hint="give one of them")
    if (runs is None) != (qrels is None):
        raise UserError("--runs and --qrels belong together", hint="give both")
    from gonogo.data.files.score_table import separator
    from gonogo.study.deciding import decision
    from gonogo.study.deciding.run_files import score_runs

    notes: tuple[str, ...] = ()
    level, overrides = options.named_tier(tier, quick=quick), tuple(sets or ())
    if scores is not None:
        table = decision.read_score_table(scores)
        if (mark := separator(scores)) != ",":
            typer.echo(f"{scores.name}: read with the separator {mark!r}")
    elif runs is not None and qrels is not None:
        metrics = decision.metrics_of(study, level, overrides)
        task = decision.lone_task(study, level, overrides)
        scored = score_runs(
            runs, qrels, metrics, pattern=pattern, task=task, empty_is_zero=empty_is_zero
        )
        table, notes = scored.scores, scored.notes
        for run, found in scored.coverage.items():
            typer.echo(printable(f"{run}: {found}"))
    else:
        _decide_study(study, level, out or options.DEFAULT_OUT, sets)
        return
    verdict = decision.decide_scores(study, table, command_line(), level, overrides, notes)
    publish(verdict, out or options.DEFAULT_OUT / "decisions" / verdict.study)


def _decide_study(study: str, tier: str | None, out: Path, sets: list[str] | None) -> None:
    """Judge the study's own outputs."""
    from gonogo.cli.shared.verdicts import decide_and_report, refuse_unrun

    plan = options.open_plan(study, tier=tier, quick=False, out=out, sets=sets)
    refuse_unrun(plan, study, out)
    decide_and_report(plan)
