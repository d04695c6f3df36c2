"""The judged figure under each matching: the gate's, and those that hold something else equal."""

from __future__ import annotations

from gonogo.analysis.records.compared import Compared, ComparedTask
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.tables import Number, Row, Table, Text, columns
from gonogo.report.words.judged import estimate_cell, judged_name, judged_unit


def matching_table(verdict: VerdictFile) -> Table:
    """One line a comparison and task, the gate's first; no rows where it stands alone."""
    name = judged_name(verdict)
    return Table(
        name="matching",
        title=f"{name} by what joint arm and specialists share",
        columns=columns(
            *("matched by", "task", "joint", "specialist", name, "alone says"),
            *("examples", "updates"),
        ),
        rows=tuple(
            Row(_cells(verdict, row, task), summary=row.decides)
            for row in verdict.compared
            for task in row.tasks
        ),
        caption=_caption(verdict),
    )


def _cells(verdict: VerdictFile, row: Compared, task: ComparedTask) -> tuple[Text | Number, ...]:
    return (
        Text(f"{row.matched} (decides)" if row.decides else row.matched),
        Text(task.task),
        Text(task.joint),
        Text(task.specialist),
        estimate_cell(task.estimate, judged_unit(verdict), interval=True),
        Text(task.verdict),
        Number(task.examples, "times"),
        Number(task.updates, "times"),
    )


def _caption(verdict: VerdictFile) -> str:
    gate = verdict.gate.spec
    why = gate.matched_because.rstrip(".")
    return (
        f"The gate decides by {gate.matching}, because {why}. Examples of the task and optimiser "
        "steps are the joint arm's over the specialist's. Where the two disagree in sign, the "
        "specialists have not reached the plateau at which neither more examples nor more updates "
        "would move them."
    )
