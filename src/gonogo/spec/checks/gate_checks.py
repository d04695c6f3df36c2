"""Whether a gate names arms, tasks and metrics that the study has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate
from gonogo.spec.study import TrialConfig


def _gate_arms(gate: GateSpec) -> dict[str, str]:
    """Return the arms that a gate names, by the place that names them."""
    match gate:
        case InterferenceGate():
            named = {f"specialists.{task}": arm for task, arm in gate.specialists.items()}
            return {"joint": gate.joint, **named}
        case ImprovementGate():
            several = {f"baseline[{n}]": arm for n, arm in enumerate(gate.baselines)}
            named = {"baseline": gate.baseline} if isinstance(gate.baseline, str) else several
            return {"candidate": gate.candidate, **named}
        case BandsGate():
            return {"arm": gate.arm}


def gate_tasks(gate: GateSpec) -> dict[str, str]:
    """Return the tasks that a gate judges, by the place that names them."""
    match gate:
        case InterferenceGate():
            return {f"specialists.{task}": task for task in gate.specialists}
        case ImprovementGate() | BandsGate():
            return {"task": gate.task}


def _guarded(gate: GateSpec, key: str) -> dict[str, str]:
    """Return what a gate's guardrails name under a key, by the place that names it."""
    rails = () if isinstance(gate, InterferenceGate) else gate.guardrails
    named = {f"guardrails[{n}].{key}": getattr(rail, key) for n, rail in enumerate(rails)}
    return {place: name for place, name in named.items() if name is not None}


def check_gate(
    gate: GateSpec, arms: Mapping[str, TrialConfig], evaluation: EvaluationSpec, path: Path
) -> None:
    """Refuse a gate that no run of the study could ever satisfy.

    Raises:
        UserError: naming the arm, task or metric that the study does not have.
    """
    untrained = {} if gate.untrained is None else {"untrained": gate.untrained}
    rows = {**_guarded(gate, "against"), **untrained}
    for place, arm in {**_gate_arms(gate), **rows}.items():
        known = (
            {*arms, *(row.name for row in evaluation.references)}
            if place.startswith("baseline") or place in rows
            else set(arms)
        )
        if arm not in known:
            raise UserError(
                f"no arm {arm!r}", file=path, place=f"gate.{place}", hint=nearest(arm, known)
            )
    for place, task in {**gate_tasks(gate), **_guarded(gate, "task")}.items():
        if task not in evaluation.tasks:
            hint = nearest(task, evaluation.tasks)
            raise UserError(
                f"task {task!r} is not evaluated", file=path, place=f"gate.{place}", hint=hint
            )
    metrics = {"metric": gate.metric, **_guarded(gate, "metric")}
    for place, metric in metrics.items():
        if metric not in evaluation.metrics:
            raise UserError(
                f"{metric!r} is not among evaluation.metrics",
                file=path,
                place=f"gate.{place}",
                hint=nearest(metric, evaluation.metrics),
            )
