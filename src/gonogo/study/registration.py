"""Freeze the gate when the first trial starts, so that a later change cannot be hidden."""

from __future__ import annotations

from gonogo.analysis.freezing import (
    GateRecord,
    freeze_gate,
    frozen_gate,
    read_gate,
    write_gate_once,
)
from gonogo.analysis.verdict import FrozenGate
from gonogo.study.plan import Plan
from gonogo.study.scored import scored_datasets


def _record(plan: Plan) -> GateRecord:
    study = plan.study
    evaluation = next(iter(study.arms.values())).evaluation
    return freeze_gate(
        study.gate,
        {arm: tuple(config.tasks) for arm, config in study.arms.items()},
        study.seeds,
        scored_datasets(evaluation),
    )


def register_gate(plan: Plan) -> None:
    """Write gate.json unless it is there already; it is never overwritten."""
    write_gate_once(plan.folder.gate, _record(plan))


def registered_gate(plan: Plan) -> FrozenGate:
    """Return the rule in force beside the one that was frozen, if any was."""
    path = plan.folder.gate
    return frozen_gate(read_gate(path) if path.exists() else None, _record(plan))
