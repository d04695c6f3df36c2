"""Pre-registration: the gate is fixed and hashed when the first trial starts.

It may be changed later, but never silently: the old and the new rule stand side by side in the
verdict, and the verdict says what the rule as frozen would have said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from gonogo.analysis.records.verdict import FrozenGate, GateChange
from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint, read_json, write_text_once
from gonogo.spec.base import Spec
from gonogo.spec.rule.gates import GateSpec

NONE = "(not there)"
_WORDS = ("next_actions", "answers")
"""Keys of a gate that decide nothing."""


class GateRecord(Spec):
    """The contents of gate.json: the rule and what it was to be applied to."""

    schema_version: Literal[1] = 1
    gate: GateSpec
    arms: dict[str, tuple[str, ...]]
    """Each arm and the tasks that it learns."""
    seeds: tuple[int, ...]
    datasets: dict[str, tuple[str, ...]]
    """Each task and the data sets that it is scored on."""
    metric: str
    clusters: dict[str, str] = {}
    """Data sets whose queries hang together, and where their clusters come from."""
    frozen_at: str | None = None
    """ISO time, UTC; None for a rule that was never frozen."""
    fingerprint: str = ""
    """Hash of everything above but the time, next actions and answers, which decide nothing."""


def freeze_gate(
    gate: GateSpec,
    arms: Mapping[str, tuple[str, ...]],
    seeds: tuple[int, ...],
    datasets: Mapping[str, tuple[str, ...]],
    metric: str | None = None,
    *,
    clusters: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> GateRecord:
    """Fix a gate.

    Args:
        gate: the rule.
        arms: each arm and the tasks that it learns.
        seeds: that every arm is trained with.
        datasets: each task and the data sets it is scored on.
        metric: the gate's own unless given.
        clusters: data sets whose queries hang together, and where their clusters come from.
        now: the time to state; the current one unless given.
    """
    record = GateRecord(
        gate=gate,
        arms=dict(arms),
        seeds=seeds,
        datasets=dict(datasets),
        metric=metric or gate.metric,
        clusters=dict(clusters or {}),
        frozen_at=(now or datetime.now(UTC)).isoformat(timespec="seconds"),
    )
    return record.model_copy(update={"fingerprint": fingerprint(_content(_raw(record)))})


def _raw(record: GateRecord) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True)


def _content(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what can change a verdict; orders of names are not among it.

    It works on what the file says, so that a key which a later version adds does not make an
    earlier record look edited.
    """
    gate = {key: value for key, value in raw["gate"].items() if key not in _WORDS}
    if isinstance(gate.get("baseline"), list):
        gate["baseline"] = sorted(gate["baseline"])
    if "bands" in gate:
        gate["bands"] = [
            {key: value for key, value in band.items() if key != "next_actions"}
            for band in gate["bands"]
        ]
    clusters = raw.get("clusters")
    return {
        "gate": gate,
        **({"clusters": clusters} if clusters else {}),
        "arms": {arm: sorted(tasks) for arm, tasks in raw["arms"].items()},
        "seeds": sorted(raw["seeds"]),
        "datasets": {task: sorted(sets) for task, sets in raw["datasets"].items()},
        "metric": raw["metric"],
    }


def compare_gate(frozen: GateRecord, now: GateRecord) -> tuple[GateChange, ...]:
    """List what differs, old and new, by dotted key; empty when nothing does."""
    before, after = _flat(_content(_raw(frozen))), _flat(_content(_raw(now)))
    return tuple(
        GateChange(key=key, frozen=before.get(key, NONE), now=after.get(key, NONE))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    )


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, part in value.items():
        if isinstance(part, dict):
            found |= _flat(part, f"{prefix}{key}.")
        else:
            found[prefix + key] = part if isinstance(part, str) else json.dumps(part)
    return found


def frozen_gate(frozen: GateRecord | None, now: GateRecord) -> FrozenGate:
    """Return what the verdict states about its rule.

    Args:
        frozen: as fixed before training; None when nothing was fixed.
        now: the rule as it stands.
    """
    if frozen is None:
        return FrozenGate(
            spec=now.gate, fingerprint=now.fingerprint, seeds=now.seeds, datasets=now.datasets
        )
    changes = compare_gate(frozen, now)
    return FrozenGate(
        spec=now.gate,
        fingerprint=frozen.fingerprint,
        frozen_at=frozen.frozen_at,
        changes=changes,
        original=frozen.gate if changes else None,
        seeds=frozen.seeds,
        datasets=frozen.datasets,
    )


def write_gate_once(path: Path, record: GateRecord) -> GateRecord:
    """Write gate.json unless it is there already; the first trial to start fixes the rule.

    Safe where several trials start at once: exactly one record wins.

    Returns:
        The record on disk, which may be an earlier one.

    Raises:
        UserError: if the file that is there cannot be read.
    """
    if not write_text_once(path, record.model_dump_json(indent=2, by_alias=True) + "\n"):
        return read_gate(path)
    return record


def _as_meant(raw: Any) -> Any:
    """Return a record with what an earlier gonogo left unsaid: its gates decided by the mean."""
    if not isinstance(raw, dict) or not isinstance(raw.get("gate"), dict):
        return raw
    return {**raw, "gate": {"decide_by": "point", **raw["gate"]}}


def read_gate(path: Path) -> GateRecord:
    """Read gate.json.

    Raises:
        UserError: if it is missing, broken, or no longer matches its own fingerprint.
    """
    try:
        raw = read_json(path)
        record = GateRecord.model_validate(_as_meant(raw))
    except ValueError as error:
        raise UserError(f"not a gate record of this version: {error}", file=path) from error
    if record.fingerprint != fingerprint(_content(raw)):
        raise UserError(
            "the frozen gate was edited: it no longer matches its fingerprint",
            file=path,
            hint="change the gate in the study file; the verdict then shows old and new",
        )
    return record
