"""Tables of the report floor as text, Markdown, LaTeX and HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.core.files import write_text

if TYPE_CHECKING:
    from gonogo.report.cells.tables import Cell, Table

_MARKS = {"best": "font-weight:700", "second": "text-decoration:underline"}


def as_latex(tables: Iterable[Table], path: str | Path | None) -> str:
    """Return tables as LaTeX for booktabs, and write them where a path is given."""
    from gonogo.report.cells.table_latex import latex

    return written("\n".join(map(latex, tables)), path)


def as_markdown(tables: Iterable[Table], path: str | Path | None, head: str = "") -> str:
    """Return tables as Markdown below a head, and write them where a path is given."""
    from gonogo.report.cells.table_markdown import markdown

    parts = [head] if head else []
    return written("\n".join([*parts, *map(markdown, tables)]), path)


def as_text(tables: Iterable[Table]) -> str:
    """Return tables as a terminal shows them."""
    from gonogo.report.cells.table_text import text

    return "\n".join(text(table).rstrip() + "\n" for table in tables).rstrip()


def written(text: str, path: str | Path | None) -> str:
    """Return a text, and write it where a path is given."""
    if path is not None:
        write_text(Path(path), text)
    return text


def as_html(table: Table) -> str:
    """Return a table as HTML; everything that comes from data is escaped."""
    heads = "".join(f"<th scope='col'>{_words(column.heading)}</th>" for column in table.columns)
    rows = []
    for row, marks in zip(table.rows, table.marks, strict=True):
        cells = [_cell(cell, marks.get(place)) for place, cell in enumerate(row.cells)]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    title = f"<caption>{_words(table.title)}</caption>"
    return f"<table>{title}<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(cell: Cell, mark: str | None) -> str:
    from gonogo.report.cells.tables import Text

    if isinstance(cell, Text):
        return f"<td>{_words(cell.text)}</td>"
    style = f" style='{_MARKS[mark]}'" if mark else ""
    more = " ".join(part for part in (cell.spread, cell.bounds) if part)
    tail = f" <small>{_words(more)}</small>" if more else ""
    return f"<td class='gg-number'><span{style}>{_words(cell.main)}</span>{tail}</td>"


def _words(text: str) -> str:
    from gonogo.report.cells.formats import one_line

    return escape(one_line(text))
