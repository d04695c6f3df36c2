"""Before the compute is spent: time, disk, cost, and the smallest effect that could be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from gonogo.analysis.gate_values import pilot_components
from gonogo.analysis.power import TIR_DEFAULTS, Components, minimum_detectable, seeds_needed
from gonogo.core.files import read_json
from gonogo.data.loading import load_dataset
from gonogo.study.plan import Plan
from gonogo.study.states import read_result

TARGETS = (0.01, 0.02)
"""Effects for which the seeds needed are printed."""


@dataclass(frozen=True)
class Cost:
    """What the rest of a plan will take."""

    seconds: float | None
    """None when nothing has been measured yet."""
    source: str
    """What the estimate rests on."""
    disk_mb: float | None


@dataclass(frozen=True)
class Sensitivity:
    """What a plan's seeds and queries can detect, with a power of 80 %."""

    seeds: int
    queries: int
    detectable: float
    needed: Mapping[float, int | None]
    """Effect -> seeds that would detect it; None if none would."""
    source: str


def forecast_cost(plan: Plan) -> Cost:
    """Estimate what is left to do from finished trials, else from a calibration."""
    known: dict[str, list[float]] = {}
    for trial in plan.trials:
        result = read_result(trial.folder)
        if "train_seconds" in result and "evaluation_seconds" in result:
            seconds = result["train_seconds"] + result["evaluation_seconds"]
            known.setdefault(trial.arm, []).append(seconds)
    source = f"{sum(map(len, known.values()))} finished trials of this folder"
    if not known:
        known = {arm: [seconds] for arm, seconds in _calibration(plan).items()}
        source = "a calibration on this machine"
    if not known:
        return Cost(None, "nothing measured yet; add --calibrate", None)
    usual = fmean(fmean(values) for values in known.values())
    left = [fmean(known.get(trial.arm, [usual])) for trial in plan.to_do]
    return Cost(sum(left), source, _disk(plan))


def _calibration(plan: Plan) -> dict[str, float]:
    path = plan.folder.path / "calibration.json"
    return read_json(path)["seconds"] if path.exists() else {}


def _disk(plan: Plan) -> float | None:
    """Return megabytes that the trials left will take, judged by those that are there."""
    sizes = [
        sum(file.stat().st_size for file in trial.folder.path.rglob("*") if file.is_file())
        for trial in plan.trials
        if trial.action == "skip"
    ]
    return fmean(sizes) * len(plan.to_do) / 2**20 if sizes else None


def forecast_sensitivity(plan: Plan, pilot: pl.DataFrame | None) -> Sensitivity:
    """Compute the minimum detectable effect of the planned seeds and queries.

    Args:
        plan: what is planned.
        pilot: scores of an earlier, smaller run of the same arms, such as the quick tier's.
    """
    found: list[Components] = [TIR_DEFAULTS]
    source = "stated defaults (standard deviations: seed 1 %, query 10 %, residual 20 %)"
    measured = None if pilot is None else pilot_components(pilot, plan.study.gate)
    if measured is not None:
        found, source = measured, "the pilot's scores"
        if not all(each.seed_measured for each in measured):
            source += ", seed noise of 1 % assumed (the pilot has one seed)"
    seeds, queries = len(plan.study.seeds), _queries(plan)
    return Sensitivity(
        seeds=seeds,
        queries=queries,
        detectable=max(minimum_detectable(each, seeds, queries) for each in found),
        needed={target: _needed(target, found, queries) for target in TARGETS},
        source=source,
    )


def _needed(target: float, found: Sequence[Components], queries: int) -> int | None:
    """Return the seeds that the hardest of the gate's comparisons needs."""
    counts = [seeds_needed(target, each, queries) for each in found]
    known = [count for count in counts if count is not None]
    return max(known) if len(known) == len(counts) else None


def _queries(plan: Plan) -> int:
    spec = next(iter(plan.study.arms.values())).evaluation
    sets = (load_dataset(data, spec.split, beside=plan.beside) for data in spec.datasets)
    return sum(len(data.sample_queries(spec.max_queries).qrels) for data in sets)
