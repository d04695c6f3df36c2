"""Whether a gate names arms, tasks and metrics that the study has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import TrialConfig


def check_gate(
    gate: GateSpec, arms: Mapping[str, TrialConfig], evaluation: EvaluationSpec, path: Path
) -> None:
    """Refuse a gate that no run of the study could ever satisfy.

    Raises:
        UserError: naming the arm, task or metric that the study does not have.
    """
    rows = {*arms, *(row.name for row in evaluation.references)}
    for named, known in ((gate.arm_places, set(arms)), (gate.row_places, rows)):
        for place, arm in named.items():
            if arm not in known:
                raise UserError(
                    f"no arm {arm!r}", file=path, place=f"gate.{place}", hint=nearest(arm, known)
                )
    for place, task in {**gate.task_places, **gate.rail_places("task")}.items():
        if task not in evaluation.tasks:
            hint = nearest(task, evaluation.tasks)
            raise UserError(
                f"task {task!r} is not evaluated", file=path, place=f"gate.{place}", hint=hint
            )
    metrics = {"metric": gate.metric, **gate.rail_places("metric")}
    for place, metric in metrics.items():
        if metric not in evaluation.metrics:
            raise UserError(
                f"{metric!r} is not among evaluation.metrics",
                file=path,
                place=f"gate.{place}",
                hint=nearest(metric, evaluation.metrics),
            )
