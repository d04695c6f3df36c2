"""Freeze the gate when the first trial starts, so that a later change cannot be hidden."""

from __future__ import annotations

from gonogo.analysis.freezing import freeze_gate, read_frozen_gate, write_frozen_gate
from gonogo.analysis.verdict import FrozenGate
from gonogo.study.plan import Plan


def register_gate(plan: Plan) -> None:
    """Write gate.json unless it is there already; it is never overwritten."""
