"""What a study's seeds and queries can show, before the compute is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.gate_values import pilot_components
from gonogo.analysis.statistics.error_rates import VerdictRates, verdict_rates
from gonogo.analysis.statistics.power import (
    Components,
    effective_queries,
    minimum_detectable,
    seeds_needed,
)
from gonogo.core.errors import NoSuchDataError, NotHereYetError, UserError
from gonogo.data.files.score_table import read_scores
from gonogo.data.sources.given_vectors import given_vectors
from gonogo.data.sources.loading import count_queries
from gonogo.data.sources.pairs_data import count_queries_of_pairs
from gonogo.spec.data.vector_data import PairsOfVectors
from gonogo.spec.evaluation.evaluation_tasks import (
    AnyData,
    EvaluationTask,
    judged_data,
)
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.scored import scored_as
from gonogo.study.planning.plan import Plan

TARGETS = (0.01, 0.02)
"""Effects for which the seeds needed are given, in the gate's units: 1 % and 2 %, or points."""
ASSUMED_QUERIES = 300
"""For a data set that is not on this machine yet."""
_DRAWS = 20_000


@dataclass(frozen=True)
class Sensitivity:
    """What a plan's seeds and queries can detect, with a power of 80 %, in the gate's units."""

    seeds: int
    queries: int
    uncounted: tuple[str, ...]
    """Data sets whose queries were assumed."""
    detectable: float
    """Smallest true effect that the hardest of the gate's tasks would show."""
    task: str
    """That task."""
    needed: Mapping[float, int | None]
    """Effect -> seeds that would detect it; None if none would."""
    rates: Mapping[float, VerdictRates]
    """True effect on every task -> how often each verdict is given; empty for bands."""
    source: str
    """Where the variances come from."""


@dataclass(frozen=True)
class Pilot:
    """Scores of an earlier, smaller run, and where they come from."""

    scores: pl.DataFrame
    source: str
    asked_for: bool
    """False where it was merely found: then it may be incomplete."""


def find_pilot(plan: Plan, out: Path, file: Path | None = None) -> Pilot | None:
    """Return the scores in ``file``, else those of the study's quick tier, if there are any."""
    if file is not None:
        return Pilot(read_scores(file).drop("study", strict=False), str(file), asked_for=True)
    path = StudyFolder.under(out, plan.study.study, "quick").scores
    if plan.study.tier == "quick" or not path.exists():
        return None
    return Pilot(
        read_scores(path).drop("study", strict=False), "the quick tier's scores", asked_for=False
    )


def forecast_sensitivity(plan: Plan, pilot: Pilot | None) -> Sensitivity:
    """Compute the minimum detectable effect of the planned seeds and queries.

    Raises:
        UserError: if a pilot lacks scores of the gate's arms.
    """
    seeds = len(plan.study.seeds)
    found, source = _components(plan, pilot)
    counts, uncounted = _queries(plan)
    weight = max(2, round(effective_queries(counts)))
    effects = {task: minimum_detectable(each, seeds, weight) for task, each in found.items()}
    hardest = max(effects, key=effects.__getitem__)
    return Sensitivity(
        seeds=seeds,
        queries=sum(counts),
        uncounted=uncounted,
        detectable=effects[hardest],
        task=hardest,
        needed={target: seeds_needed(target, found[hardest], weight) for target in TARGETS},
        rates=_rates(plan, found[hardest], seeds, weight),
        source=source,
    )


def _components(plan: Plan, pilot: Pilot | None) -> tuple[dict[str, Components], str]:
    """Return the variances of each task and where they come from."""
    gate = plan.study.gate
    default = build_gate(gate).noise
    measured = None if pilot is None else pilot_components(pilot.scores, gate)
    if pilot is not None and measured is not None:
        blind = not all(each.seed_measured for each in measured.values())
        note = f" (one seed; seed noise of {_hundredths(default.seed)} assumed)" if blind else ""
        return measured, f"variances from {pilot.source}{note}"
    if pilot is not None and pilot.asked_for:
        raise UserError(
            "no pilot: scores of the gate's arms are missing, or a ratio is undefined",
            file=pilot.source,
            hint="a pilot has the gate's arms, tasks and metric, on any seeds and data sets",
        )
    seed, query, rest = (_hundredths(v) for v in (default.seed, default.query, default.residual))
    source = f"no pilot; assumed noise: {seed} between seeds, {query} between queries, {rest} left"
    return dict.fromkeys(gate.tasks, default), source


def _hundredths(variance: float) -> str:
    """Write a standard deviation in percent, which for differences are points."""
    return f"{100 * variance**0.5:.2g} %"


def _rates(
    plan: Plan, components: Components, seeds: int, queries: int
) -> dict[float, VerdictRates]:
    gate = plan.study.gate
    if gate.lines is None:
        return {}
    low, high = gate.lines.fail, gate.lines.pass_
    return {
        true: verdict_rates(
            true,
            components,
            seeds=seeds,
            queries=queries,
            tasks=len(gate.tasks),
            pass_=high,
            fail=low,
            draws=_DRAWS,
        )
        for true in dict.fromkeys((0.0, low, (low + high) / 2, high, 2 * high))
    }


def _queries(plan: Plan) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Count the queries of each data set that is scored; name those that had to be assumed."""
    spec = plan.study.evaluation
    groups = scored_as(spec)
    counts: dict[str, int] = {}
    uncounted = []
    for task, data in {data.name: (task, data) for _, task, data in spec.parts}.values():
        count = _count(task, data, plan)
        if count is None:
            uncounted.append(data.name)
            count = ASSUMED_QUERIES
        group = groups[data.name]
        counts[group] = counts.get(group, 0) + count
    return tuple(counts.values()), tuple(uncounted)


def _count(task: EvaluationTask, data: AnyData, plan: Plan) -> int | None:
    spec = plan.study.evaluation
    asked = task.documents_asked(lambda: _rows(data, plan.beside))
    if asked is not None:
        return asked
    try:
        if isinstance(data, PairsOfVectors):
            count = count_queries_of_pairs(data, beside=plan.beside)
        else:
            count = count_queries(judged_data(data), spec.split, beside=plan.beside)
    except (NotHereYetError, NoSuchDataError):
        return None
    return min(count, spec.max_queries or count)


def _rows(data: AnyData, beside: Path) -> int | None:
    """Count the vectors of a file; None for texts, which are taken to be enough."""
    try:
        given = None if isinstance(data, PairsOfVectors) else given_vectors(data, beside=beside)
    except NoSuchDataError:
        return None
    return None if given is None else given.count()
