"""The lines of a study's success levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gonogo.report.cells.tables import Column, Row, Table, Text

CAUTION = " This tier is preliminary: a level that is met here says nothing about the study's own."


def criteria_table(
    title: str,
    rows: Sequence[tuple[str, str, str, str]],
    levels: Mapping[str, str],
    changes: Sequence[str] = (),
    *,
    preliminary: bool = False,
) -> Table:
    """Make a table of (level, line, status, what was found).

    Args:
        title: of the study.
        rows: one line each.
        levels: how each level stands.
        changes: lines that were added or dropped after the study had started.
        preliminary: the tier is a rehearsal; a caution says so.
    """
    since = "".join(f" Changed since the study started: {change}." for change in changes)
    return Table(
        "criteria",
        f"Levels of success: {title}",
        (Column("level"), Column("line"), Column("status"), Column("found")),
        tuple(Row(tuple(map(Text, row))) for row in rows),
        caption="; ".join(f"{level}: {status}" for level, status in levels.items())
        + ". A level is met when its lines and those of all levels before it are."
        + (CAUTION if preliminary else "")
        + since,
    )
