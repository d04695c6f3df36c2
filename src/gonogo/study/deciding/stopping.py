"""Stop when decided: look after each complete seed, by the rule that the gate fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from gonogo.analysis.estimates.sequential import FIRST_LOOK
from gonogo.analysis.gates.gate_values import stop_early
from gonogo.analysis.promised.expected import Expected
from gonogo.core.files import fingerprint
from gonogo.core.records import Record, read_record, write_record
from gonogo.study.deciding.gathered import gathered
from gonogo.study.folder.scored import scored_datasets
from gonogo.study.folder.states import inspect
from gonogo.study.planning.plan import Plan

REASONS = {
    "certain": "no outcome of the remaining seeds could change the verdict",
    "alpha spending": "the interval after this seed lies within one band (alpha spending)",
}


class StopRecord(Record):
    """``stopped.json``: after which seeds a study ended, under which rule."""

    seeds: tuple[int, ...]
    """Those that were planned."""
    gate: str
    """Fingerprint of the rule."""
    done: tuple[int, ...]
    reason: str
    """A key of :data:`REASONS`."""


class LookRecord(Record):
    """``looks.json``: that a study was looked at early, under which rule, and went on."""

    seeds: tuple[int, ...]
    """Those that were planned."""
    gate: str
    """Fingerprint of the rule."""


@dataclass(frozen=True)
class EarlyStop:
    """A study that ended before its last seed."""

    seeds: tuple[int, ...]
    """Seeds that were run."""
    planned: int
    reason: str

    @property
    def sentence(self) -> str:
        """Return what the report says about it."""
        return (
            f"stopped early after {len(self.seeds)} of {self.planned} seeds: "
            f"{REASONS.get(self.reason, self.reason)}"
        )


def expected_scores(plan: Plan, seeds: tuple[int, ...]) -> Expected:
    """Return what a study promised to score, with these seeds."""
    study = plan.study
    places = {*study.places(), *((trial.arm, trial.seed) for trial in plan.trials)}
    own_seeds = {
        arm: tuple(seed for seed in study.seeds if seed in seeds and (arm, seed) in places)
        for arm in study.arms
    }
    return Expected(
        study=study.study,
        question=study.question,
        tier=study.tier,
        note=study.note,
        preliminary=study.preliminary,
        arms={arm: tuple(config.tasks) for arm, config in study.arms.items()},
        seeds=seeds,
        tasks=scored_datasets(study.evaluation),
        references=tuple(row.name for row in study.evaluation.references),
        untrained=study.evaluation.untrained,
        off_task=study.evaluation.off_task,
        own_seeds=own_seeds,
    )


def look(plan: Plan, next_seed: int) -> EarlyStop | None:
    """Look at the seeds before ``next_seed``; record and return a stop if the rule says so.

    Nothing is looked at while a trial of those seeds is not finished, or once one of a later seed
    is: then the remaining seeds are no longer open.
    """
    study = plan.study
    done = study.seeds[: study.seeds.index(next_seed)]
    if not done or not _is_complete(plan, done) or _goes_on(plan, done):
        return None
    stop = stop_early(
        _scores(plan, done), study.gate, expected_scores(plan, done), len(study.seeds)
    )
    if stop is None:
        if len(done) >= FIRST_LOOK:
            write_record(plan.folder.looks, LookRecord(**_rule(plan)))
        return None
    write_record(plan.folder.stopped, StopRecord(**_rule(plan), done=done, reason=stop.reason))
    return EarlyStop(done, len(study.seeds), stop.reason)


def _is_complete(plan: Plan, seeds: tuple[int, ...]) -> bool:
    """Tell from the files, which are newer than the plan, whether every arm has these seeds."""
    trials = [trial for trial in plan.trials if trial.seed in seeds]
    planned = {(trial.arm, trial.seed) for trial in trials}
    promised = {(arm, seed) for arm, seed in plan.study.places() if seed in seeds}
    return promised <= planned and all(
        inspect(trial.folder, trial.training, trial.evaluation).state == "finished"
        for trial in trials
    )


def _goes_on(plan: Plan, seeds: tuple[int, ...]) -> bool:
    """Tell whether a trial of a further seed was finished when the plan was made."""
    later = [trial for trial in plan.trials if trial.seed not in seeds]
    return any(trial.standing.state == "finished" for trial in later)


def _scores(plan: Plan, seeds: tuple[int, ...]) -> pl.DataFrame:
    evaluation = plan.study.evaluation
    trials = [trial.folder.scores for trial in plan.trials if trial.seed in seeds]
    rows = [plan.folder.reference(row.name).scores for row in evaluation.references]
    paths = [*trials, *(path for path in rows if path.exists())]
    return gathered(paths, plan)


def _rule(plan: Plan) -> dict[str, Any]:
    """Return what a stop holds for: another gate or other seeds were not looked at."""
    gate = plan.study.gate.model_dump(mode="json", by_alias=True)
    return {"seeds": plan.study.seeds, "gate": fingerprint(gate)}


def read_looks(plan: Plan) -> bool:
    """Return whether earlier looks have spent a part of what the rule in force may miss."""
    if not plan.folder.looks.exists():
        return False
    hint = "it says that the study was looked at early; the next early look writes it anew"
    record = read_record(plan.folder.looks, LookRecord, hint=hint)
    return all(getattr(record, key) == value for key, value in _rule(plan).items())


def read_stop(plan: Plan) -> EarlyStop | None:
    """Return the recorded early stop; None once a later seed was run, or the rule is another."""
    if not plan.folder.stopped.exists():
        return None
    hint = "take it away: the next run looks again"
    record = read_record(plan.folder.stopped, StopRecord, hint=hint)
    if any(getattr(record, key) != value for key, value in _rule(plan).items()):
        return None
    stop = EarlyStop(record.done, len(plan.study.seeds), record.reason)
    return None if _goes_on(plan, stop.seeds) else stop


def go_on(plan: Plan) -> None:
    """Forget an early stop if the plan runs seeds beyond it after all."""
    stop = read_stop(plan)
    if stop is not None and any(trial.seed not in stop.seeds for trial in plan.to_do):
        plan.folder.stopped.unlink()
