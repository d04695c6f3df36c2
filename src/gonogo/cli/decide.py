"""gonogo decide: scores to a verdict, from our own runs or from any trainer's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared import announcing, exit_codes, options
from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    from gonogo.api.deciding.verdict import Verdict

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
    model_qrels: options.ModelQrels = None,
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
    said = announcing.Announcement(fail_on, as_json, junit)
    level = options.named_tier(tier, quick=quick)
    given = (scores, runs, qrels, pattern, clusters, empty_is_zero, condensed, model_qrels)
    if not any(given):
        place = out or options.DEFAULT_OUT
        said.finish(_decide_study(study, level, place, sets, quiet=as_json))
        return
    from gonogo.api.deciding.deciding import decide as judge
    from gonogo.cli.shared.verdicts import command_line, show_verdict

    verdict = judge(
        scores,
        study,
        runs=runs,
        qrels=qrels,
        pattern=pattern,
        empty_is_zero=empty_is_zero,
        condensed=condensed,
        model_qrels=options.model_judgements(model_qrels),
        clusters=clusters,
        tier=level,
        set=sets,
        say=_say,
        command=command_line(),
    )
    folder = out or options.DEFAULT_OUT / "decisions" / verdict.study
    verdict.save(folder)
    if not as_json:
        show_verdict(verdict, folder)
    said.finish(verdict)


def _say(line: str) -> None:
    """Print beside the verdict how scores were read."""
    echo(line, err=True)


def _decide_study(
    study: str, tier: str | None, out: Path, sets: list[str] | None, *, quiet: bool
) -> Verdict:
    """Judge the study's own outputs."""
    from gonogo.cli.shared.verdicts import command_line, run_command, show_verdict

    opened = options.open_study(study, tier=tier, quick=False, out=out, sets=sets)
    verdict = opened.decide(command=command_line(), unrun=run_command(opened, study, out))
    if not quiet:
        show_verdict(verdict, opened.folder)
    return verdict
