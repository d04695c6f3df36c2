"""gonogo decide: scores to a verdict, from our own runs or from any trainer's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.shared import announcing, exit_codes, options
from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.records.verdict import VerdictFile
    from gonogo.study.deciding.run_files import ScoredRuns

_ScoreTable = Annotated[
    Path | None, typer.Option("--scores", help="Score table made elsewhere: parquet or csv.")
]
_RunFolder = Annotated[
    Path | None,
    typer.Option("--runs", help="Folder of runs: <arm>/seed_<n>/<task>/<dataset>.trec."),
]
_Qrels = Annotated[
    str | None,
    typer.Option("--qrels", help="Judgements for --runs: a file, a folder, or ir:..."),
]
_Pattern = Annotated[
    str | None,
    typer.Option(help="How paths below --runs read, as {arm}_seed{seed}_{dataset}.res.gz."),
]
_EmptyIsZero = Annotated[
    bool,
    typer.Option("--empty-is-zero", help="Judged queries without a ranking were searched in vain."),
]

_Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder of all outputs, or of this one verdict."),
]
_Clusters = Annotated[
    Path | None,
    typer.Option(help="Queries that hang together: a TSV with query_id, cluster, maybe dataset."),
]


_Condensed = Annotated[
    bool,
    typer.Option("--condensed", help="Leave unjudged documents out of every ranking of --runs."),
]


def decide(
    study: Annotated[
        str, typer.Argument(metavar="STUDY_OR_GATE", help="A study, or a file with a gate.")
    ],
    scores: _ScoreTable = None,
    runs: _RunFolder = None,
    qrels: _Qrels = None,
    pattern: _Pattern = None,
    empty_is_zero: _EmptyIsZero = False,
    clusters: _Clusters = None,
    condensed: _Condensed = False,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: _Out = None,
    sets: options.Sets = None,
    fail_on: exit_codes.FailOn = None,
    as_json: announcing.AsJson = False,
    junit: announcing.Junit = None,
) -> None:
    """Judge scores by a pre-registered gate.

    PASS, MARGINAL or FAIL where the interval bears the word, else INCONCLUSIVE; INVALID where the
    comparison says nothing, INCOMPLETE where scores are missing.

    Without --scores or --runs the study's own outputs below --out are judged; with them, verdict
    and report are written into --out itself, outputs/decisions/<name> unless given.
    """
    from gonogo.cli.shared.verdicts import command_line, publish
    from gonogo.core.errors import UserError

    said = announcing.Announcement(fail_on, as_json, junit)
    if scores is not None and runs is not None:
        raise UserError("--scores and --runs contradict each other", hint="give one of them")
    if (runs is None) != (qrels is None):
        raise UserError("--runs and --qrels belong together", hint="give both")
    if clusters is not None and scores is None and runs is None:
        hint = "`cluster` of a data set in the study file names those of its own scores"
        raise UserError("--clusters belongs to --scores or --runs", hint=hint)
    from gonogo.study.deciding.decision import decide_scores

    level, overrides = options.named_tier(tier, quick=quick), tuple(sets or ())
    notes, evidence = tuple[str, ...](), None
    if scores is not None:
        table = _scores(scores)
    elif runs is not None and qrels is not None:
        how = {"pattern": pattern, "empty_is_zero": empty_is_zero, "without_unjudged": condensed}
        scored = _runs(study, level, overrides, runs, qrels, how)
        table, notes, evidence = scored.scores, scored.notes, scored.evidence
    else:
        said.finish(_decide_study(study, level, out or options.DEFAULT_OUT, sets, quiet=as_json))
        return
    table = _clustered(table, clusters)
    verdict = decide_scores(study, table, command_line(), level, overrides, notes, evidence)
    publish(verdict, out or options.DEFAULT_OUT / "decisions" / verdict.study, quiet=as_json)
    said.finish(verdict)


def _scores(path: Path) -> pl.DataFrame:
    from gonogo.data.files.score_table import separator
    from gonogo.study.deciding.decision import read_score_table

    table = read_score_table(path)
    if (mark := separator(path)) != ",":
        echo(f"{path.name}: read with the separator {mark!r}", err=True)
    return table


def _clustered(table: pl.DataFrame, clusters: Path | None) -> pl.DataFrame:
    from gonogo.data.files.cluster_table import read_clusters, with_clusters

    return table if clusters is None else with_clusters(table, read_clusters(clusters), clusters)


def _runs(
    study: str,
    tier: str | None,
    overrides: tuple[str, ...],
    folder: Path,
    qrels: str,
    how: dict[str, Any],
) -> ScoredRuns:
    """Return the values of runs and what is odd about them; how far each goes is printed."""
    from gonogo.study.deciding.decision import judged_pairs, lone_task, metrics_of
    from gonogo.study.deciding.run_files import score_runs

    scored = score_runs(
        folder,
        qrels,
        metrics_of(study, tier, overrides),
        task=lone_task(study, tier, overrides),
        pairs=judged_pairs(study, tier, overrides),
        **how,
    )
    for run, found in scored.coverage.items():
        echo(f"{run}: {found}", err=True)
    return scored


def _decide_study(
    study: str, tier: str | None, out: Path, sets: list[str] | None, *, quiet: bool
) -> VerdictFile:
    """Judge the study's own outputs."""
    from gonogo.cli.shared.verdicts import command_line, run_command, show_verdict
    from gonogo.study.deciding.publishing import decide_into

    opened = options.open_study(study, tier=tier, quick=False, out=out, sets=sets)
    plan = opened.judged_plan(run_command(opened, study, out))
    verdict = decide_into(plan, command_line())
    if not quiet:
        show_verdict(verdict, opened.folder)
    return verdict
