"""Before the compute is spent: time, disk, and what the study's seeds and queries can show."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from gonogo.core.files import MEGABYTE, folder_size
from gonogo.core.records import Record, read_record
from gonogo.study.folder.fingerprints import Inputs, combine
from gonogo.study.folder.states import read_result
from gonogo.study.planning.plan import Plan, PlannedTrial
from gonogo.training.loop.learning_rate import clamped_warmup


@dataclass(frozen=True)
class TrialCost:
    """What one whole trial of an arm takes."""

    training: float
    """Seconds to prepare the data and train."""
    evaluation: float
    """Seconds to score all tasks and data sets."""
    disk_mb: float
    steps: int
    """Optimiser steps of the whole training; 0 where unknown."""


@dataclass(frozen=True)
class Forecast:
    """What the rest of a plan will take."""

    seconds: tuple[float, ...]
    """Of each trial and reference row that is left, in the order in which they run."""
    disk_mb: float
    free_mb: float
    source: str
    """What the estimate rests on."""

    def elapsed(self, workers: int) -> float:
        """Return the seconds until everything is done, each worker taking the next job."""
        busy = [0.0] * workers
        for seconds in self.seconds:
            soonest = busy.index(min(busy))
            busy[soonest] += seconds
        return max(busy)


def calibration_path(plan: Plan) -> Path:
    """Return where a study keeps what was measured before its trials."""
    return plan.folder.path / "calibration.json"


def arm_fingerprint(training: Inputs, evaluation: Inputs) -> str:
    """Return what an arm's measurements hold for: everything that a trial does but its seed."""
    return combine({**training, "seed": None}, evaluation)


def forecast_cost(plan: Plan) -> Forecast | None:
    """Estimate what is left to do from finished trials, else from a calibration.

    An arm without either is taken to cost what the others do on average, a reference row what
    their scoring does. BM25's own row is free.

    Returns:
        None when nothing has been measured yet.
    """
    finished, calibrated = _finished(plan), _calibrated(plan)
    known = {**calibrated, **finished}
    if not known:
        return None
    usual = _mean(known.values())
    costs = {arm: known.get(arm, usual) for arm in plan.study.arms}
    scored = [r for r in plan.references if r.row.kind != "bm25" and r.action != "skip"]
    rows = [usual.evaluation] * len(scored)
    trials = [_left(trial, costs[trial.arm]) for trial in plan.to_do]
    new = [costs[t.arm].disk_mb for t in plan.to_do if t.action in ("run", "resume")]
    return Forecast((*rows, *trials), sum(new), free_mb(plan), _source(plan, finished, calibrated))


def clamped_warmups(plan: Plan) -> dict[str, str]:
    """Say of which arms the warm-up fills the whole run, where the length of the run is known.

    A finished trial or a calibration has told it; of one task alone, ``max_steps`` bounds it.
    """
    known, found = {**_calibrated(plan), **_finished(plan)}, {}
    for arm, config in plan.study.arms.items():
        own = [task.max_steps for task in config.tasks.values()]
        bounds = [most for most in (config.training.max_steps, *own) if most is not None]
        alone = min(bounds, default=None) if len(own) == 1 else None
        steps = known[arm].steps if arm in known else alone
        if words := clamped_warmup(config.training.warmup, steps) if steps else "":
            found[arm] = words
    return found


def _source(plan: Plan, finished: Iterable[str], calibrated: Iterable[str]) -> str:
    counts = sum(trial.standing.state == "finished" for trial in plan.trials)
    used = [f"{counts} finished trial{'s' * (counts != 1)}"] if finished else []
    if set(calibrated) - set(finished):
        record = _calibration(plan)
        used.append(f"a calibration on {record.device} ({record.created[:10]})")
    return " and ".join(used)


def _finished(plan: Plan) -> dict[str, TrialCost]:
    """Return the mean cost of each arm's finished trials."""
    found: dict[str, list[TrialCost]] = {}
    for trial in plan.trials:
        if trial.standing.state != "finished":
            continue
        result = read_result(trial.folder)
        if result.train_seconds is not None and result.evaluation_seconds is not None:
            cost = TrialCost(
                training=result.train_seconds + (result.preparation_seconds or 0.0),
                evaluation=result.evaluation_seconds,
                disk_mb=folder_size(trial.folder.path) / MEGABYTE,
                steps=result.total_steps or 0,
            )
            found.setdefault(trial.arm, []).append(cost)
    return {arm: _mean(costs) for arm, costs in found.items()}


class MeasuredArm(Record):
    """What a calibration says of one arm."""

    fingerprint: str
    preparation_seconds: float
    training_seconds: float
    evaluation_seconds: float
    disk_mb: float
    steps: int


class CalibrationRecord(Record):
    """What is read of ``calibration.json``."""

    device: str = ""
    created: str = ""
    """ISO time, UTC."""
    arms: dict[str, MeasuredArm] = {}


def _calibration(plan: Plan) -> CalibrationRecord:
    path = calibration_path(plan)
    if not path.exists():
        return CalibrationRecord()
    return read_record(path, CalibrationRecord, hint="take it away, or measure again")


def _calibrated(plan: Plan) -> dict[str, TrialCost]:
    """Return what a calibration says of the arms that have not changed since."""
    now = {t.arm: arm_fingerprint(t.training, t.evaluation) for t in plan.trials}
    return {
        arm: TrialCost(
            training=part.preparation_seconds + part.training_seconds,
            evaluation=part.evaluation_seconds,
            disk_mb=part.disk_mb,
            steps=part.steps,
        )
        for arm, part in _calibration(plan).arms.items()
        if part.fingerprint == now.get(arm)
    }


def _mean(costs: Iterable[TrialCost]) -> TrialCost:
    known = list(costs)
    return TrialCost(
        training=fmean(cost.training for cost in known),
        evaluation=fmean(cost.evaluation for cost in known),
        disk_mb=fmean(cost.disk_mb for cost in known),
        steps=max(cost.steps for cost in known),
    )


def _left(trial: PlannedTrial, cost: TrialCost) -> float:
    """Return the seconds that a trial still takes from where it stands."""
    if trial.action == "evaluate":
        return cost.evaluation
    done = trial.standing.step / cost.steps if trial.action == "resume" and cost.steps else 0.0
    return cost.training * max(0.0, 1 - done) + cost.evaluation


def free_mb(plan: Plan) -> float:
    """Return the space left on the disk that will hold the study's folder."""
    place = plan.folder.path.resolve()
    return shutil.disk_usage(next(p for p in (place, *place.parents) if p.exists())).free / MEGABYTE
