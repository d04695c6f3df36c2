r"""Tables as LaTeX with booktabs: best bold, second underlined, std as a subscript."""

from __future__ import annotations

from gonogo.report.cells.formats import one_line
from gonogo.report.cells.tables import Cell, Mark, Number, Table, Text

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "[": "{[}",  # after \\ a bracket would be read as its argument
        "]": "{]}",
        "–": "--",
        "−": "$-$",
        "±": r"$\pm$",
        "→": r"$\rightarrow$",
        "≥": r"$\geq$",
        "×": r"$\times$",
    }
)


_FITTING = 8
"""Columns that fit beside one another on a page."""


def escape(text: str) -> str:
    r"""Escape LaTeX's special characters; the result is one line.

    Example:
        >>> print(escape("50 % of a_b"))
        50 \% of a\_b
    """
    return one_line(text).translate(_ESCAPES)


def _number(text: str) -> str:
    return escape(text).replace("-", "$-$") if text != "–" else "--"


def _cell(cell: Cell, mark: Mark | None) -> str:
    if isinstance(cell, Text):
        return escape(cell.text)
    main = _number(cell.main)
    if mark is not None:
        main = rf"\{'textbf' if mark == 'best' else 'underline'}{{{main}}}"
    return main + _tail(cell)


def _tail(cell: Number) -> str:
    spread = rf"$_{{{escape(cell.spread)}}}$" if cell.spread else ""
    return rf"{spread} {{\small ({_number(cell.bounds)})}}" if cell.bounds else spread


def latex(table: Table) -> str:
    r"""Write a ``table`` environment for ``\usepackage{booktabs}``; summary rows get a rule.

    One of many columns is set no wider than the page, with ``graphicx``.
    """
    heads = " & ".join(escape(column.heading) for column in table.columns)
    lines = []
    for place, (row, marks) in enumerate(zip(table.rows, table.marks, strict=True)):
        cells = [_cell(cell, marks.get(index)) for index, cell in enumerate(row.cells)]
        lines.append(" & ".join(cells) + r" \\")
        if row.summary and place + 1 < len(table.rows) and not table.rows[place + 1].summary:
            lines.append(r"\midrule")
    caption = f"{table.title}. {table.caption}" if table.caption else table.title
    wide = len(table.columns) > _FITTING
    return "\n".join(
        [
            rf"% needs \usepackage{{booktabs{',graphicx' if wide else ''}}}",
            r"\begin{table}[t]",
            r"\centering",
            rf"\caption{{{escape(caption)}}}",
            rf"\label{{tab:{table.name.replace('_', '-')}}}",
            *([r"\resizebox{\linewidth}{!}{%"] if wide else []),
            rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in table.numeric)}}}",
            r"\toprule",
            rf"{heads} \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            rf"\end{{tabular}}{'}' if wide else ''}",
            r"\end{table}",
            "",
        ]
    )
