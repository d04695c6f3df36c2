"""Stop when decided: look after each complete seed, by the rule that the gate fixed."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from gonogo.analysis.expected import Expected
from gonogo.analysis.gate_values import stop_early
from gonogo.core.files import read_json, write_json
from gonogo.data.score_table import SCHEMA, read_scores
from gonogo.study.plan import Plan

REASONS = {
    "certain": "no outcome of the remaining seeds could change the verdict",
    "alpha spending": "the interval after this seed lies within one band (alpha spending)",
}


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
    evaluation = next(iter(study.arms.values())).evaluation
    datasets = tuple(data.name for data in evaluation.datasets)
    return Expected(
        study=study.study,
        question=study.question,
        tier=study.tier,
        preliminary=study.preliminary,
        arms={arm: tuple(config.tasks) for arm, config in study.arms.items()},
        seeds=seeds,
        tasks=dict.fromkeys(evaluation.tasks, datasets),
        references=evaluation.references,
    )


def look(plan: Plan, next_seed: int) -> EarlyStop | None:
    """Look at the seeds before ``next_seed``; record and return a stop if the rule says so."""
    study = plan.study
    done = study.seeds[: study.seeds.index(next_seed)]
    folders = [plan.folder.trial(arm, seed) for seed in done for arm in study.arms]
    if not folders or not all(folder.scores.exists() for folder in folders):
        return None
    rows = [plan.folder.reference(name).scores for name in _references(plan)]
    paths = [*(folder.scores for folder in folders), *(path for path in rows if path.exists())]
    frame = pl.concat([read_scores(path).select(list(SCHEMA)) for path in paths])
    stop = stop_early(frame, study.gate, expected_scores(plan, done), len(study.seeds))
    if stop is None:
        return None
    record = EarlyStop(done, len(study.seeds), stop.reason)
    write_json(
        plan.folder.stopped,
        {"seeds": done, "planned": record.planned, "reason": record.reason},
    )
    return record


def _references(plan: Plan) -> tuple[str, ...]:
    return next(iter(plan.study.arms.values())).evaluation.references


def read_stop(plan: Plan) -> EarlyStop | None:
    """Return the recorded early stop; None once a later seed is finished too."""
    if not plan.folder.stopped.exists():
        return None
    record = read_json(plan.folder.stopped)
    stop = EarlyStop(tuple(record["seeds"]), record["planned"], record["reason"])
    later = [t for t in plan.trials if t.seed not in stop.seeds and t.action == "skip"]
    return None if later or stop.planned != len(plan.study.seeds) else stop
