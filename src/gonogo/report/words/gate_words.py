"""The frozen gate in plain words."""

from __future__ import annotations

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.wording import listed
from gonogo.analysis.records.verdict import FrozenGate
from gonogo.report.cells.tables import Column, Row, Table, Text
from gonogo.spec.rule.gate_parts import GateParts, Guardrail
from gonogo.spec.rule.gates import GateSpec


def gate_words(gate: GateSpec) -> list[str]:
    """State the rule in sentences."""
    return [*build_gate(gate).rule(), *_common(gate), *map(_rail, gate.rails)]


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
