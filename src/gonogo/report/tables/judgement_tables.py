"""How far rankings met their judgements, and what unjudged documents could change."""

from __future__ import annotations

from statistics import mean, stdev

from gonogo.analysis.records.judged_runs import JudgedRun, UnjudgedBounds
from gonogo.analysis.records.model_judged import ModelJudged
from gonogo.report.cells.tables import Number, Row, Table, Text, columns


def judged_run_table(runs: tuple[JudgedRun, ...]) -> Table:
    """Show every arm on every data set, its seeds together; single runs stand in verdict.json."""
    groups: dict[tuple[str, str, str], list[JudgedRun]] = {}
    for run in runs:
        groups.setdefault((run.task, run.dataset, run.arm), []).append(run)
    rows = []
    for (task, dataset, arm), found in groups.items():
        shares = [run.judged_at for run in found]
        fewest = min(found, key=lambda run: run.ranked / run.judged if run.judged else 1.0)
        depth = min(run.depth[0] for run in found), max(run.depth[1] for run in found)
        cells = (
            Text(task),
            Text(dataset),
            Text(arm),
            Text(f"{fewest.ranked:,} of {fewest.judged:,}"),
            Text(f"{depth[0]:,}" if depth[0] == depth[1] else f"{depth[0]:,} to {depth[1]:,}"),
            Number(
                mean(run.found / run.documents if run.documents else 0.0 for run in found),
                "percent",
            ),
            Number(mean(shares), "score", std=stdev(shares) if len(shares) > 1 else None),
        )
        rows.append(Row(cells))
    return Table(
        name="judged",
        title="Rankings and their judgements",
        columns=columns(
            "task",
            "data set",
            "arm",
            "queries ranked",
            "documents a query",
            "judged found",
            "Judged@10",
        ),
        rows=tuple(rows),
        caption="Judged queries that have a ranking (of the seed that has fewest), documents "
        "ranked a query, judged documents found at any depth, and the mean share of judged "
        "documents in the first ten: an unjudged document counts as not relevant.",
    )


def unjudged_table(bounds: tuple[UnjudgedBounds, ...]) -> Table:
    """Show how far unjudged documents could move each judged difference."""
    return Table(
        name="unjudged",
        title="Bounds over unjudged documents",
        columns=columns("task", "measure", "candidate", "against", "lowest", "measured", "highest"),
        rows=tuple(
            Row(
                (
                    Text(one.task),
                    Text(one.metric),
                    Text(one.candidate),
                    Text(one.reference),
                    Number(one.low, "signed"),
                    Number(one.value, "signed"),
                    Number(one.high, "signed"),
                )
            )
            for one in bounds
        ),
        caption="The mean difference if every unjudged document were as bad for the candidate, or "
        "as good, as it can be; measured: none is relevant (after Froebe et al. 2023).",
    )


def model_judged_table(found: tuple[ModelJudged, ...]) -> Table:
    """Show each judged difference by people and a model together, by people, and by the model."""
    return Table(
        name="model_judged",
        title="Judgements by a model, made unbiased by those of people",
        columns=columns(
            "task",
            "measure",
            "candidate",
            "against",
            "debiased",
            "people alone",
            "model alone",
            "people's queries",
            "the model's",
        ),
        rows=tuple(
            Row(
                (
                    Text(one.task),
                    Text(one.metric),
                    Text(one.candidate),
                    Text(one.reference),
                    Number(one.value, "signed", low=one.low, high=one.high),
                    Number(one.human_value, "signed", low=one.human_low, high=one.human_high),
                    Number(one.model_value, "signed"),
                    Number(one.human_queries, "count"),
                    Number(one.model_queries, "count"),
                )
            )
            for one in found
        ),
        caption="The word rests on people's queries. The debiased difference uses the model's "
        "judgements of all queries as well (PPI++, Angelopoulos et al. 2023); it holds if people's "
        "queries are a random part of all. The model alone is moved by its bias.",
    )
