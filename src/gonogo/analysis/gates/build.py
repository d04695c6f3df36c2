"""From a study's gate to what judges by it: the one place that knows them all."""

from __future__ import annotations

from typing import assert_never

from gonogo.analysis.gates.bands import BandsOfLevel
from gonogo.analysis.gates.gate import Gate
from gonogo.analysis.gates.improvement import Improvement
from gonogo.analysis.gates.interference import Interference
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate


def build_gate(spec: GateSpec) -> Gate[GateSpec]:
    """Return the gate that ``spec`` describes; no score is looked at."""
    match spec:
        case InterferenceGate():
            return Interference(spec)
        case ImprovementGate():
            return Improvement(spec)
        case BandsGate():
            return BandsOfLevel(spec)
        case _:
            assert_never(spec)
