"""gonogo compare: two or more systems side by side, with a gate or without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared import announcing, exit_codes, options, watching
from gonogo.cli.shared.echo import echo, echo_lines

_Clusters = Annotated[
    Path | None,
    typer.Option(help="Queries that hang together: a TSV with query_id, cluster, maybe dataset."),
]
_Gate = Annotated[
    str | None,
    typer.Option("--gate", metavar="FILE", help="Study or gate file that judges the systems."),
]


def compare(
    systems: Annotated[
        list[Path], typer.Argument(help="Runs, score tables, folders of them; NAME=PATH names one.")
    ],
    qrels: Annotated[
        str | None,
        typer.Option("--qrels", help="Judgements for runs: a file, a folder, or ir:..."),
    ] = None,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", help="Measure for TREC runs; may be repeated.")
    ] = None,
    model_qrels: options.ModelQrels = None,
    clusters: _Clusters = None,
    gate: _Gate = None,
    every: watching.Watch = None,
    tier: options.Tier = None,
    sets: options.Sets = None,
    fail_on: exit_codes.FailOn = None,
    as_json: announcing.AsJson = False,
    junit: announcing.Junit = None,
) -> None:
    """Print means, paired differences, intervals, p-values, effect sizes, and changed queries.

    With --gate also a verdict: systems are the gate's arms by their names, or the baseline and
    then the candidate.
    """
    from gonogo.api.deciding.comparison import compare as compare_systems
    from gonogo.cli.shared.verdicts import command_line

    said = announcing.Announcement(fail_on, as_json, junit)
    if gate is None:
        _need_a_gate(verdict=bool(fail_on or as_json or junit), rule=bool(tier or sets))
    others = clusters or model_qrels or fail_on or as_json or junit
    if watching.watched(every, systems, qrels, metrics, (gate, tier, sets), others=bool(others)):
        return
    found = compare_systems(
        systems,
        qrels,
        tuple(metrics or ()),
        gate=gate,
        model_qrels=options.model_judgements(model_qrels),
        clusters=clusters,
        tier=tier,
        set=sets,
        command=command_line(),
    )
    if not as_json:
        echo_lines(found.to_text())
    if found.verdict is not None:
        if not as_json:
            echo()
            found.verdict.show()
        said.finish(found.verdict)


def _need_a_gate(*, verdict: bool, rule: bool) -> None:
    """Refuse options that mean nothing without a gate."""
    from gonogo.core.errors import UserError

    if verdict:
        raise UserError("--fail-on, --json and --junit tell of a verdict", hint="give --gate")
    if rule:
        raise UserError("--tier and --set are about a gate", hint="give --gate")
