"""Tables and words as GitHub-flavoured Markdown."""

from __future__ import annotations

import re

from gonogo.report.cells.formats import one_line
from gonogo.report.cells.tables import Cell, Mark, Number, Table, Text

_SPECIAL = re.compile(r"([\\`*_{}\[\]|~$#!@])")


def escape(text: str) -> str:
    r"""Escape a text so that Markdown shows it letter by letter, on one line.

    Example:
        >>> escape("a_b | <i>")
        'a\\_b \\| &lt;i&gt;'
    """
    flat = one_line(text)
    html = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", html)


def _cell(cell: Cell, mark: Mark | None) -> str:
    if isinstance(cell, Text):
        return escape(cell.text)
    main = escape(cell.main)
    if mark == "best":
        main = f"**{main}**"
    if mark == "second":
        main = f"<u>{main}</u>"
    return main + _tail(cell)


def _tail(cell: Number) -> str:
    spread = f" ± {cell.spread}" if cell.spread else ""
    return f"{spread} ({cell.bounds})" if cell.bounds else spread


def markdown(table: Table) -> str:
    """Write a table; best values bold, second-best underlined."""
    heads = "| " + " | ".join(escape(column.heading) for column in table.columns) + " |"
    rule = "|" + "|".join("---:" if numeric else "---" for numeric in table.numeric) + "|"
    rows = [
        "| "
        + " | ".join(_cell(cell, marks.get(place)) for place, cell in enumerate(row.cells))
        + " |"
        for row, marks in zip(table.rows, table.marks, strict=True)
    ]
    caption = ["", escape(table.caption)] if table.caption else []
    return "\n".join([f"**{escape(table.title)}**", "", heads, rule, *rows, *caption]) + "\n"
