"""The one way onto a terminal: what stands in data cannot move its cursor, colour it or hide text.

Names of arms, data sets, queries and files come from whoever made the data. No verb prints by other
means; a house rule sees to that.
"""

from __future__ import annotations

import typer


def echo(line: object = "", *, err: bool = False) -> None:
    """Print one line; control characters, line breaks too, become spaces.

    Args:
        line: what to print.
        err: print to standard error.
    """
    from gonogo.core.errors import printable

    typer.echo(printable(str(line)), err=err)


def echo_lines(text: object, *, err: bool = False) -> None:
    """Print a text of several lines; control characters within a line become spaces.

    A line break at its end does not make an empty line.
    """
    for line in str(text).removesuffix("\n").split("\n"):
        echo(line, err=err)


def write_json(text: str) -> None:
    """Write JSON for a program to standard output; in it every control character is escaped."""
    typer.echo(text, nl=False)
