"""The frozen gate in plain words."""

from __future__ import annotations

from typing import assert_never

from gonogo.analysis.gates.wording import listed
from gonogo.analysis.records.verdict import FrozenGate
from gonogo.report.cells.formats import threshold
from gonogo.report.cells.tables import Column, Row, Table, Text
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate


def gate_words(gate: GateSpec) -> list[str]:
    """State the rule in sentences."""
    match gate:
        case InterferenceGate():
            return _interference(gate)
        case ImprovementGate():
            return _improvement(gate)
        case BandsGate():
            return _bands(gate)
        case _:
            assert_never(gate)


def _interference(gate: InterferenceGate) -> list[str]:
    pairs = ", ".join(f"{arm} on {task}" for task, arm in gate.specialists.items())
    return [
        f"{gate.joint} is compared with the specialists ({pairs}) by {gate.metric}.",
        f"PASS if the mean TIR over seeds is {threshold(gate.pass_, 'percent')} or more on any "
        "task.",
        f"FAIL if it is below {threshold(gate.fail, 'percent')} on every task.",
        "MARGINAL otherwise; INCOMPLETE while anything is missing.",
    ]


def _improvement(gate: ImprovementGate) -> list[str]:
    levels = ", ".join(f"{name} from {value:g}" for name, value in gate.levels.items())
    named = gate.baseline
    rival = named if isinstance(named, str) else f"the best of {listed(named)}"
    return [
        f"{gate.candidate} is compared with {rival} on {gate.task} by {gate.metric}.",
        f"PASS if the mean gain over seeds is {gate.pass_:g} or more.",
        f"FAIL if it is below {gate.fail:g}.",
        "MARGINAL otherwise; INCOMPLETE while anything is missing.",
        *([f"Levels of success: {levels}."] if levels else []),
    ]


def _bands(gate: BandsGate) -> list[str]:
    return [
        f"{gate.metric} of {gate.arm} on {gate.task} falls into one of these bands.",
        *(f"{band.name}: {band.verdict}, from {band.least:g}." for band in gate.bands),
        "INCOMPLETE while anything is missing.",
    ]


def change_table(gate: FrozenGate) -> Table:
    """Show what was changed after the first trial had started, old and new side by side."""
    return Table(
        name="gate_changes",
        title="The gate was changed after training had started",
        columns=(Column("key"), Column("frozen before training"), Column("used here")),
        rows=tuple(
            Row((Text(change.key), Text(change.frozen), Text(change.now)))
            for change in gate.changes
        ),
        caption="A rule that is changed after results can be seen is weaker evidence.",
    )
