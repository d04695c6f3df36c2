"""gonogo compare: two or more systems side by side, without a gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared import announcing, exit_codes
from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.deciding.compare import Comparison, QueryChange
    from gonogo.analysis.records.effects import Effect, Estimate
    from gonogo.data.judged.coverage import Coverage


_ModelQrels = Annotated[
    str | None,
    typer.Option(
        "--model-qrels",
        help="A model's judgements of all queries; --qrels are people's of some, at random.",
    ),
]
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
    model_qrels: _ModelQrels = None,
    clusters: _Clusters = None,
    gate: _Gate = None,
    fail_on: exit_codes.FailOn = None,
    as_json: announcing.AsJson = False,
    junit: announcing.Junit = None,
) -> None:
    """Print means, paired differences, intervals, p-values, effect sizes, and changed queries.

    With --gate also a verdict: systems are the gate's arms by their names, or the baseline and
    then the candidate.
    """
    from gonogo.analysis.deciding.compare import compare as compare_systems
    from gonogo.core.errors import UserError
    from gonogo.study.deciding.comparison import in_clusters, load_systems

    said = announcing.Announcement(fail_on, as_json, junit)
    if gate is None and (fail_on or as_json or junit):
        raise UserError("--fail-on, --json and --junit tell of a verdict", hint="give --gate")
    asked = tuple(metrics or ())
    if gate is not None and qrels is not None:
        from gonogo.study.deciding.decision import metrics_of

        asked = tuple(dict.fromkeys((*asked, *metrics_of(gate))))
    frames, covered = load_systems(systems, qrels, asked)
    if clusters is not None:
        frames = in_clusters(frames, clusters)
    comparison = compare_systems(frames)
    lines = _lines(comparison)
    if model_qrels is not None:
        lines += _model_judged(systems, frames, model_qrels, tuple(metrics or ()))
    lines += [*(f"{label}: {found}" for label, found in covered.items())]
    lines += [
        f"warning: {label}: {note}" for label, found in covered.items() for note in found.notes()
    ]
    for line in () if as_json else lines:
        echo(line)
    if gate is not None:
        _judge(gate, frames, covered, said)


def _judge(
    gate: str,
    frames: dict[str, pl.DataFrame],
    covered: dict[str, Coverage],
    said: announcing.Announcement,
) -> None:
    """Judge the systems by a gate, print the verdict, and end with its code."""
    from rich.console import Console

    from gonogo.cli.shared.verdicts import command_line
    from gonogo.report.pages.console import print_verdict
    from gonogo.study.deciding.comparison import as_arms
    from gonogo.study.deciding.decision import judge_scores, read_gate

    rule, known = read_gate(gate)
    notes = tuple(f"{label}: {note}" for label, found in covered.items() for note in found.notes())
    verdict = judge_scores(as_arms(frames, rule), rule, known, command_line(), notes)
    if not said.as_json:
        echo()
        print_verdict(verdict, Console())
    said.finish(verdict)


def _lines(comparison: Comparison) -> list[str]:
    lines = _means(comparison)
    for pair in comparison.pairs:
        lines += _pair(pair.effect)
        lines += _changes("gained most", pair.improved) + _changes("lost most", pair.worsened)
    return lines + [f"warning: {text}" for text in comparison.warnings]


def _means(comparison: Comparison) -> list[str]:
    from gonogo.analysis.tables.measures import higher_is_better
    from gonogo.report.cells.table_text import text
    from gonogo.report.cells.tables import Column, Number, Row, Table, Text

    cells = {(row.task, row.dataset, row.metric, row.arm): row for row in comparison.means}
    places = dict.fromkeys((row.metric, row.task, row.dataset) for row in comparison.means)
    unsure = [metric for metric in dict.fromkeys(m for m, _, _ in places)
              if not higher_is_better(metric)]  # fmt: skip
    columns = [Column("measure"), Column("task"), Column("data set")]
    columns += [Column(system, group="systems") for system in comparison.systems]
    rows = []
    for metric, task, dataset in places:
        found = [cells.get((task, dataset, metric, system)) for system in comparison.systems]
        numbers = [
            Number(row.mean if row else None, "score", std=row.std if row else None)
            for row in found
        ]
        names = (Text(metric), Text(task), Text(dataset or "mean over data sets"))
        rows.append(Row((*names, *numbers), ranked=higher_is_better(metric)))
    table = Table("means", "Means (* best, + second)", tuple(columns), tuple(rows))
    notes = [
        f"warning: {metric}: whether higher is better is not known, so nothing is marked best"
        for metric in unsure
    ]
    return text(table).splitlines() + notes


def _estimate(found: Estimate) -> str:
    from gonogo.report.cells.formats import bounds, number

    interval = found.interval
    if interval is None:
        return number(found.value, "signed")
    note = f"; {interval.note}" if interval.note else ""
    span = bounds(interval.low, interval.high, "signed")
    return f"{number(found.value, 'signed')}  95 % {span} ({interval.method}{note})"


def _pair(effect: Effect) -> list[str]:
    from gonogo.report.cells.formats import number

    test = effect.test
    lines = [
        "",
        f"{effect.candidate} - {effect.reference}: {effect.metric} on {effect.task}",
        f"  difference   {_estimate(effect.difference)}",
    ]
    lines += [f"  also         {i.method}: {i.low:+.4f} to {i.high:+.4f}"
              for i in effect.difference.others]  # fmt: skip
    lines += [
        f"  p            permutation {number(test.p_permutation, 'p')}, Holm "
        f"{number(test.p_holm, 'p')}, Bonferroni {number(test.p_bonferroni, 'p')}, "
        f"t {number(test.p_t, 'p')}, Wilcoxon {number(test.p_wilcoxon, 'p')}",
        f"  effect size  {number(test.effect_size, 'effect')} (Cohen's d of paired differences)",
        f"  queries      {test.wins} better, {test.ties} equal, {test.losses} worse",
    ]
    for one in effect.datasets if len(effect.datasets) > 1 else ():
        p = number(one.test.p_holm, "p")
        lines.append(f"    {one.dataset}: {_estimate(one.difference)}, p {p} (Holm)")
    return lines


def _changes(title: str, changes: tuple[QueryChange, ...]) -> list[str]:
    return [
        f"  {title}:  {change.dataset} {change.query_id}  "
        f"{change.reference:.4f} -> {change.candidate:.4f}"
        for change in changes[:5]
    ]


def _model_judged(
    systems: list[Path], frames: dict[str, pl.DataFrame], qrels: str, metrics: tuple[str, ...]
) -> list[str]:
    """Score the systems under the model's judgements too, and correct those by people's."""
    from gonogo.analysis.deciding.model_judged import model_judged
    from gonogo.report.words.model_judged import model_judged_lines
    from gonogo.study.deciding.comparison import under_other_judgements

    judged = under_other_judgements(systems, frames, qrels, metrics)
    return model_judged_lines(model_judged(frames, judged))
