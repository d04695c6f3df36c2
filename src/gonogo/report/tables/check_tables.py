"""Whether the arms learned at all, and what may not fall: the checks beside the judged effect."""

from __future__ import annotations

from gonogo.analysis.records.effects import GuardrailResult
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit, threshold
from gonogo.report.cells.tables import Cell, Number, Row, Table, Text, columns
from gonogo.report.words.judged import effect_name, estimate_cell, is_ratio

_LEARNING = (
    "Learned: (R − U) / R, the part of the compared arm's score R that the untrained row's U does "
    "not reach; retention: (C − U) / (R − U), the part of it that the candidate C keeps, with "
    "Fieller's interval (none where R − U may be zero). A comparison counts only if the interval "
    "of what was learned lies above the line."
)
_GAINED = (
    "Learned: R − U, what the compared arm's score R gained over the untrained row's U; retention: "
    "(C − U) / (R − U), with Fieller's interval (none where R − U may be zero)."
)


def learning_table(verdict: VerdictFile) -> Table:
    """Show what the arm that each comparison leans on has learned beyond the untrained row."""
    rows = []
    for effect in verdict.effects:
        found = effect.learning
        if found is None:
            continue
        share = is_ratio(verdict)
        unit: Unit = "percent" if share else "signed"
        line = threshold(found.line, unit)
        cells: tuple[Cell, ...] = (
            Text(effect_name(verdict, effect)),
            Text(found.arm),
            Number(found.mean, "score"),
            Text(found.untrained),
            Number(found.untrained_mean, "score"),
            estimate_cell(found.share if share else found.gain, unit, interval=True),
            Text(f"{'above' if found.shown else 'not above'} {line}"),
            estimate_cell(found.retention, "percent", interval=True),
        )
        rows.append(Row(cells))
    return Table(
        name="learning",
        title=f"What was learned, {verdict.gate.spec.metric}",
        columns=columns(
            "task", "arm", "R", "without training", "U", "learned", "its interval", "retention"
        ),
        rows=tuple(rows),
        caption=_LEARNING if is_ratio(verdict) else _GAINED,
    )


def guardrail_table(guardrails: tuple[GuardrailResult, ...]) -> Table:
    """Show what may not fall, and how it stands."""
    return Table(
        name="guardrails",
        title="Guardrails",
        columns=columns("measure", "task", "data sets", "against", "change", "loss borne", "state"),
        rows=tuple(
            Row(
                (
                    Text(one.metric),
                    Text(one.task),
                    Text(", ".join(one.datasets)),
                    Text(one.reference),
                    estimate_cell(one.difference, "signed", interval=True),
                    Number(one.margin, "score"),
                    Text(one.state),
                )
            )
            for one in guardrails
        ),
        caption="Held: the whole interval of the change lies above minus the loss that is borne; "
        "broken: below; open: across.",
    )
