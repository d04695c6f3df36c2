"""How far scores are off as probabilities, a line for each model and data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gonogo.analysis.statistics.calibration import Calibration
from gonogo.report.cells.tables import Column, Number, Row, Table, Text

Rows = Sequence[tuple[str, str, Calibration | None, str]]
"""Model, data set, what was found, and why nothing was."""
CAPTION = (
    "ECE: expected calibration error over 15 bins of equal mass, with its 95 % interval over "
    "resampled queries, of a monotone map (isotonic regression) fitted on the train split; 0 where "
    "scores, so mapped, say how likely a document is relevant. Documents: the best of every query; "
    "one without a judgement counts as not relevant. relevant: their share, which a constant would "
    "predict."
)


def calibration_table(rows: Rows) -> Table:
    """Make the table; a set without a figure says why."""
    noted = any(note for *_, note in rows)
    names = ("model", "data set", "ECE", "relevant", "queries", "documents")
    return Table(
        name="calibration",
        title="Calibration of scores",
        columns=tuple(Column(name) for name in (*names, *(("note",) if noted else ()))),
        rows=tuple(
            Row(
                (
                    Text(model),
                    Text(dataset),
                    Number(
                        found.error if found else None,
                        "score",
                        low=found.low if found else None,
                        high=found.high if found else None,
                    ),
                    Number(found.share if found else None, "score"),
                    Number(found.queries if found else None, "count"),
                    Number(found.documents if found else None, "count"),
                    *((Text(note),) if noted else ()),
                )
            )
            for model, dataset, found, note in rows
        ),
        caption=CAPTION,
    )


def calibration_json(rows: Rows, command: str) -> dict[str, Any]:
    """Return everything for programs: each bin too."""
    return {
        "command": command,
        "caption": CAPTION,
        "sets": [
            {
                "model": model,
                "dataset": dataset,
                "note": note,
                **({} if found is None else asdict(found)),
            }
            for model, dataset, found, note in rows
        ],
    }
