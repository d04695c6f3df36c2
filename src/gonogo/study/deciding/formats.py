"""How far scores in fp32 lie from those in the number format that a gate judges."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.records.evidence import FormatDifference
from gonogo.analysis.tables.measures import canonical
from gonogo.study.deciding.gathered import gathered
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.states import is_scored, read_result
from gonogo.study.planning.plan import Plan

_KEYS = ["arm", "task", "metric"]


def format_differences(plan: Plan) -> Iterator[FormatDifference]:
    """Yield the gate's measure of each finished arm or row that was scored in both formats."""
    metric = canonical(plan.study.gate.metric)
    pairs = [folder for folder in _finished(plan) if folder.in_fp32.scores.exists()]
    if not pairs:
        return
    stated, exact = (
        _means(gathered(paths, plan), metric)
        for paths in (
            [folder.scores for folder in pairs],
            [folder.in_fp32.scores for folder in pairs],
        )
    )
    precisions = _precisions(plan)
    shared = ", ".join(dict.fromkeys(precisions.values()))  # of rows, which nothing trains
    for key, (mean, runs) in stated.items():
        if key not in exact:
            continue
        arm, task, _ = key
        yield FormatDifference(
            arm=arm,
            task=task,
            metric=metric,
            precision=precisions.get(arm, shared),
            seeds=runs,
            stated=mean,
            fp32=exact[key][0],
            line=_line(plan, arm, task, {k: found for k, (found, _) in stated.items()}, metric),
        )


def _finished(plan: Plan) -> Iterator[TrialFolder]:
    for trial in plan.trials:
        if trial.action == "skip" and is_scored(trial.folder.in_fp32, trial.evaluation):
            yield trial.folder
    for row in plan.references:
        if row.action == "skip" and is_scored(row.folder.in_fp32, row.inputs):
            yield row.folder


def _means(table: pl.DataFrame, metric: str) -> dict[tuple[str, str, str], tuple[float, int]]:
    """Return each arm's mean on each task, over queries, data sets and seeds, and its runs."""
    own = table.filter(pl.col("metric") == metric)
    sets = own.group_by(*_KEYS, "seed", "dataset", maintain_order=True).agg(pl.col("value").mean())
    seeds = sets.group_by(*_KEYS, "seed", maintain_order=True).agg(pl.col("value").mean())
    arms = seeds.group_by(_KEYS, maintain_order=True).agg(
        pl.col("value").mean(), pl.len().alias("runs")
    )
    return {(arm, task, name): (value, runs) for arm, task, name, value, runs in arms.iter_rows()}


def _precisions(plan: Plan) -> dict[str, str]:
    found: dict[str, dict[str, None]] = {}
    for trial in plan.trials:
        if precision := read_result(trial.folder).precision:
            found.setdefault(trial.arm, {})[precision] = None
    return {arm: ", ".join(names) for arm, names in found.items()}


def _line(
    plan: Plan, arm: str, task: str, means: dict[tuple[str, str, str], float], metric: str
) -> float | None:
    """Return the pass line of a judged arm in the metric's units."""
    gate = plan.study.gate
    if gate.lines is None:
        return None
    for pair in gate.contrasts:
        if pair.task == task and arm in pair.arms:
            if not build_gate(gate).ratio:
                return gate.lines.pass_
            against = means.get((pair.reference or "", task, metric))
            return None if against is None else gate.lines.pass_ * against
    return None
