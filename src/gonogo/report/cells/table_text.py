"""Tables as plain text with aligned columns, for a terminal or a mail."""

from __future__ import annotations

import unicodedata

from gonogo.report.cells.formats import one_line
from gonogo.report.cells.tables import Cell, Mark, Table, Text


def width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def _cell(cell: Cell, mark: Mark | None) -> str:
    if isinstance(cell, Text):
        return one_line(cell.text)
    sign = {"best": "* ", "second": "+ ", None: ""}[mark]
    spread = f" ± {cell.spread}" if cell.spread else ""
    bounds = f" ({cell.bounds})" if cell.bounds else ""
    return f"{sign}{cell.main}{spread}{bounds}"


def text(table: Table) -> str:
    """Write a table; ``*`` is the best of a group, ``+`` the second."""
    grid = [[one_line(column.heading) for column in table.columns]]
    for row, marks in zip(table.rows, table.marks, strict=True):
        grid.append([_cell(cell, marks.get(place)) for place, cell in enumerate(row.cells)])
    widths = [max(width(line[place]) for line in grid) for place in range(len(table.columns))]
    lines = []
    for line in grid:
        padded = [
            " " * (size - width(word)) + word if right else word + " " * (size - width(word))
            for word, size, right in zip(line, widths, table.numeric, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    rule = "  ".join("-" * size for size in widths)
    caption = [one_line(table.caption)] if table.caption else []
    return "\n".join([one_line(table.title), "", lines[0], rule, *lines[1:], *caption]) + "\n"
