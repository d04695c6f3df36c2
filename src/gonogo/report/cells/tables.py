"""One table of typed cells; the ``table_*`` modules write it as Markdown, LaTeX, CSV and text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from gonogo.report.cells.formats import Unit, bounds, number, spread

Mark = Literal["best", "second"]


@dataclass(frozen=True, slots=True)
class Text:
    """A cell that holds words; everything in it counts as data and is escaped."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A cell that holds a value, where known with its standard deviation and interval."""

    value: float | None
    unit: Unit
    std: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def main(self) -> str:
        """The value as people read it."""
        return number(self.value, self.unit)

    @property
    def spread(self) -> str:
        """The standard deviation, or an empty string."""
        return "" if self.std is None or self.value is None else spread(self.std, self.unit)

    @property
    def bounds(self) -> str:
        """The interval, or an empty string."""
        if self.low is None or self.high is None or self.value is None:
            return ""
        return bounds(self.low, self.high, self.unit)


Cell = Text | Number


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        name: its heading.
        group: cells of one group are compared, within a row or (see ``Table.down``) within the
            column; the largest is marked best.
        note: a word under the heading, such as ``off-task``.
    """

    name: str
    group: str | None = None
    note: str = ""

    @property
    def heading(self) -> str:
        """Heading and note on one line."""
        return f"{self.name} ({self.note})" if self.note else self.name


def columns(*names: str) -> tuple[Column, ...]:
    """Return columns that are headings and nothing else."""
    return tuple(Column(name) for name in names)


@dataclass(frozen=True, slots=True)
class Row:
    """One row; its first cell names it. ``summary`` rows (means) stay on top and are set apart.

    In a row that is not ``ranked`` nothing is marked best: nobody knows whether more is better.
    """

    cells: tuple[Cell, ...]
    summary: bool = False
    ranked: bool = True


@dataclass(frozen=True)
class Table:
    """A titled table.

    Args:
        name: file name without ending, and anchor on the page.
        title: what it shows, a phrase.
        columns: headings, as many as every row has cells.
        rows: the rows, in reading order.
        caption: how to read it.
        down: compare the values of each column that has a group, instead of those of each row.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    down: bool = False
    marks: tuple[dict[int, Mark], ...] = field(init=False)
    """For each row the marked columns."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"{self.name}: {len(row.cells)} cells, {len(self.columns)} heads")
        marks = (
            _marks_down(self.columns, self.rows) if self.down else _marks(self.columns, self.rows)
        )
        object.__setattr__(self, "marks", marks)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column whether it holds numbers (and is set flush right)."""
        return tuple(
            any(isinstance(row.cells[place], Number) for row in self.rows)
            for place in range(len(self.columns))
        )


def _marks(columns: tuple[Column, ...], rows: tuple[Row, ...]) -> tuple[dict[int, Mark], ...]:
    """Mark the best and second-best of each group of a row."""
    marked = []
    for row in rows:
        groups: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
            if column.group is None or not row.ranked:
                continue
            if isinstance(cell, Number) and cell.value is not None:
                groups[column.group][place] = cell.value
        marks: dict[int, Mark] = {}
        for values in groups.values():
            marks |= _best(values)
        marked.append(marks)
    return tuple(marked)


def _marks_down(columns: tuple[Column, ...], rows: tuple[Row, ...]) -> tuple[dict[int, Mark], ...]:
    """Mark the best and second-best of each column that has a group."""
    marked: tuple[dict[int, Mark], ...] = tuple({} for _ in rows)
    for place, column in enumerate(columns):
        cells = {number: row.cells[place] for number, row in enumerate(rows)}
        values = {
            number: cell.value
            for number, cell in cells.items()
            if column.group is not None and isinstance(cell, Number) and cell.value is not None
        }
        for row, mark in _best(values).items():
            marked[row][place] = mark
    return marked


def _best(values: dict[int, float]) -> dict[int, Mark]:
    """Mark the best and second-best, judged as printed, so that ties show as ties.

    A second place needs three competitors; equal ones share their place.
    """
    if len(values) < 2:
        return {}
    rounded = {place: round(value, 4) for place, value in values.items()}
    ranks = sorted(set(rounded.values()), reverse=True)
    names: tuple[Mark, ...] = ("best", "second") if len(values) > 2 else ("best",)
    return {
        place: mark
        for mark, rank in zip(names, ranks, strict=False)
        for place, value in rounded.items()
        if value == rank
    }
