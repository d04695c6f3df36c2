"""The looks of finished trainings as curves over the budget, read from their logs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gonogo.analysis.records.learning_curves import BudgetPoint, LearningCurve, LearningFile
from gonogo.core.files import read_json_lines
from gonogo.spec.training import Staged
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.looks import Look, read_looks
from gonogo.study.folder.states import read_final
from gonogo.study.planning.plan import Plan, PlannedTrial


def gather_learning(plan: Plan, shares: Sequence[float]) -> LearningFile:
    """Read what the trainings of a plan have logged; arms that have not ended are named.

    Args:
        plan: of `gonogo.study.planning.budgets.learning_study`.
        shares: of the study's budget, ascending, as the trainings were planned with.

    Raises:
        LogError: if a finished training's looks cannot be read.
    """
    curves = [_curve(trial, shares) for trial in plan.trials if read_final(trial.folder)]
    known = {curve.arm for curve in curves}
    return LearningFile(
        study=plan.study.study,
        tier=plan.study.tier,
        seed=plan.study.seeds[0],
        shares=tuple(shares),
        curves=tuple(curves),
        missing=tuple(trial.arm for trial in plan.trials if trial.arm not in known),
    )


def _curve(trial: PlannedTrial, shares: Sequence[float]) -> LearningCurve:
    looks, lines = {look.step: look for look in read_looks(trial.folder)}, _lines(trial.folder)
    total = max(looks, default=0)
    highest = max((float(line["learning_rate"]) for line in lines), default=0.0)
    points = []
    for share in (0.0, *shares):
        # as `gonogo.training.watching.validation.due_steps` rounds it
        step = math.ceil(share / shares[-1] * total - 1e-9)
        if step in looks:
            points.append(_point(share, looks[step], lines, highest))
    config = trial.config
    return LearningCurve(
        arm=trial.arm,
        tasks=tuple(config.tasks),
        total_steps=total,
        annealed=config.training.learning_rate_schedule == "cosine",
        staged=len(config.tasks) > 1 and isinstance(config.schedule, Staged),
        points=tuple(points),
    )


def _lines(folder: TrialFolder) -> list[dict[str, Any]]:
    return list(read_json_lines(folder.log("train.jsonl")))


def _point(
    share: float, look: Look, lines: Sequence[dict[str, Any]], highest: float
) -> BudgetPoint:
    """Add what the steps up to a look have seen and taken."""
    examples: dict[str, int] = {}
    seconds: dict[int, float] = {}
    for line in lines:
        if line["step"] > look.step:
            continue
        task, before = str(line["task"]), examples.get(str(line["task"]), 0)
        examples[task] = int(line["examples"])
        if line.get("examples_per_second"):
            spent = (examples[task] - before) / line["examples_per_second"]
            seconds[line["step"]] = max(spent, seconds.get(line["step"], 0.0))
    rates = [float(line["learning_rate"]) for line in lines if line["step"] == look.step]
    return BudgetPoint(
        share=share,
        step=look.step,
        examples=examples,
        rate=rates[0] / highest if rates and highest else None,
        seconds=sum(seconds.values()),
        figures=dict(look.figures),
    )
