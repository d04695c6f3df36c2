"""Tables as CSV for machines: full precision, empty for undefined, one column a number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from gonogo.report.cells.tables import Number, Table, Text

Value = str | int | float | bool | None


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    r"""Write rows as CSV with ``\n`` line ends; None is an empty field."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue()


def _fields(table: Table, place: int) -> list[str]:
    """Which of a number's fields the column at ``place`` needs."""
    numbers = [cell for row in table.rows if isinstance(cell := row.cells[place], Number)]
    extra = [
        name
        for name in ("std", "low", "high")
        if any(getattr(n, name) is not None for n in numbers)
    ]
    return ["value", *extra]


def csv_table(table: Table) -> str:
    """Write a table; std and interval bounds get columns of their own, where there are any."""
    fields = [_fields(table, place) for place in range(len(table.columns))]
    header = [
        column.heading if name == "value" else f"{column.heading} {name}"
        for column, names in zip(table.columns, fields, strict=True)
        for name in names
    ]
    rows = []
    for row in table.rows:
        line: list[Value] = []
        for cell, names in zip(row.cells, fields, strict=True):
            text = cell.text if isinstance(cell, Text) else None
            line += [
                text if name == "value" and text is not None else getattr(cell, name, None)
                for name in names
            ]
        rows.append(line)
    return csv_text(header, rows)
