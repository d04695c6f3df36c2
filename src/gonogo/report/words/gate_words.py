"""The frozen gate in plain words."""

from __future__ import annotations

from typing import assert_never

from gonogo.analysis.gates.wording import listed
from gonogo.analysis.records.verdict import FrozenGate
from gonogo.report.cells.formats import threshold
from gonogo.report.cells.tables import Column, Row, Table, Text
from gonogo.spec.rule.gate_parts import GateParts, Guardrail
from gonogo.spec.rule.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate


def gate_words(gate: GateSpec) -> list[str]:
    """State the rule in sentences."""
    match gate:
        case InterferenceGate():
            return [*_interference(gate), *_common(gate)]
        case ImprovementGate():
            return [*_improvement(gate), *_common(gate), *map(_rail, gate.guardrails)]
        case BandsGate():
            return [*_bands(gate), *_common(gate), *map(_rail, gate.guardrails)]
        case _:
            assert_never(gate)


def _common(gate: GateParts) -> list[str]:
    """State how a word is earned, which is the same for every gate."""
    how = {
        "support": "A word is said only where the 95 % interval lies in its band; else "
        "INCONCLUSIVE. The band of the point estimate is shown beside it.",
        "point": 'The band of the point estimate is said; "not supported" where the 95 % interval '
        "leaves it.",
    }
    untrained = [f"{gate.untrained} is the row without training."] if gate.untrained else []
    return [
        how[gate.decide_by],
        *untrained,
        "INVALID where the comparison says nothing: an arm has not learned, or the measure is at "
        "its end; INCOMPLETE while anything is missing.",
    ]


def _rail(rail: Guardrail) -> str:
    what = rail.metric or "the measure"
    where = f" on {rail.task}" if rail.task else ""
    sets = f" ({listed(rail.datasets)})" if rail.datasets else ""
    against = f" against {rail.against}" if rail.against else ""
    return f"Guardrail: {what}{where}{sets} may not fall by more than {rail.margin:g}{against}."


def _interference(gate: InterferenceGate) -> list[str]:
    pairs = ", ".join(f"{arm} on {task}" for task, arm in gate.specialists.items())
    return [
        f"{gate.joint} is compared with the specialists ({pairs}) by {gate.metric}.",
        f"PASS if TIR is {threshold(gate.pass_, 'percent')} or more on any task.",
        f"FAIL if it is below {threshold(gate.fail, 'percent')} on every task.",
        "MARGINAL otherwise.",
    ]


def _improvement(gate: ImprovementGate) -> list[str]:
    levels = ", ".join(f"{name} from {value:g}" for name, value in gate.levels.items())
    named = gate.baseline
    rival = named if isinstance(named, str) else f"the best of {listed(named)}"
    return [
        f"{gate.candidate} is compared with {rival} on {gate.task} by {gate.metric}.",
        f"PASS if the gain is {gate.pass_:g} or more.",
        f"FAIL if it is below {gate.fail:g}.",
        "MARGINAL otherwise.",
        *([f"Levels of success: {levels}."] if levels else []),
    ]


def _bands(gate: BandsGate) -> list[str]:
    return [
        f"{gate.metric} of {gate.arm} on {gate.task} falls into one of these bands.",
        *(f"{band.name}: {band.verdict}, from {band.least:g}." for band in gate.bands),
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
