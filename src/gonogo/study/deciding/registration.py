"""Freeze gate and criteria when the first trial starts, so that no later change can be hidden."""

from __future__ import annotations

import json
from typing import Any

from gonogo.analysis.gates.freezing import (
    GateRecord,
    freeze_gate,
    frozen_gate,
    read_gate,
    write_gate_once,
)
from gonogo.analysis.records.verdict import FrozenGate
from gonogo.core.files import write_text_once
from gonogo.core.records import read_record
from gonogo.spec.rule.criteria import Criterion
from gonogo.spec.study import ResolvedStudy
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.scored import clusters_named, scored_datasets
from gonogo.study.planning.plan import Plan


def _record(plan: Plan) -> GateRecord:
    study = plan.study
    return freeze_gate(
        study.gate,
        {arm: tuple(config.tasks) for arm, config in study.arms.items()},
        study.seeds,
        scored_datasets(study.evaluation),
        clusters=clusters_named(study.evaluation),
    )


def register_gate(plan: Plan) -> None:
    """Write gate.json unless it is there already; it is never overwritten."""
    write_gate_once(plan.folder.gate, _record(plan))


def registered_gate(plan: Plan) -> FrozenGate:
    """Return the rule in force beside the one that was frozen, if any was."""
    path = plan.folder.gate
    return frozen_gate(read_gate(path) if path.exists() else None, _record(plan))


def register_criteria(plan: Plan) -> None:
    """Write down the success levels, if the study has any, unless that was done before."""
    if plan.study.criteria:
        write_text_once(plan.folder.criteria, json.dumps(_levels(plan.study), indent=2) + "\n")


def changed_criteria(study: ResolvedStudy, folder: StudyFolder) -> tuple[str, ...]:
    """Say which lines of the success levels were added or dropped since the first trial."""
    if not folder.criteria.exists():
        return ()
    before, now = read_record(folder.criteria, dict[str, list[Any]]), _levels(study)
    changes = []
    for level in {**before, **now}:
        old, new = before.get(level, []), now.get(level, [])
        changes += [f"{level}: dropped {json.dumps(line)}" for line in old if line not in new]
        changes += [f"{level}: added {json.dumps(line)}" for line in new if line not in old]
    return tuple(changes)


def _levels(study: ResolvedStudy) -> dict[str, list[Any]]:
    return {level: [_line(line) for line in lines] for level, lines in study.criteria.items()}


def _line(line: Criterion) -> dict[str, Any]:
    return line.model_dump(mode="json", exclude_defaults=True) | {"kind": line.kind}
