"""compare --watch: the running interval of two systems whose files grow, until it decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared.echo import echo

Watch = Annotated[
    float | None,
    typer.Option(
        "--watch",
        metavar="SECONDS",
        min=0.1,
        help="Look again every SECONDS at runs or tables that grow, until it is decided.",
    ),
]


def watched(
    every: float | None,
    systems: Sequence[Path],
    qrels: str | None,
    metrics: Sequence[str] | None,
    gate: tuple[str | None, str | None, Sequence[str] | None],
    *,
    others: bool = False,
) -> bool:
    """Print the running interval whenever there are more queries; end when decided or at Ctrl-C.

    Args:
        every: seconds between looks; None where nothing is to be watched.
        systems: two, as ``gonogo.api.deciding.watching.watch`` takes them.
        qrels: judgements, for runs.
        metrics: at most one.
        gate: a study or gate file whose lines decide (zero if not given), its tier, and overrides.
        others: whether options were given that have no part in this.

    Returns:
        Whether anything was to be watched.

    Raises:
        UserError: as ``watch`` there, for several measures, or other options.
    """
    from gonogo.api.deciding.watching import watch as looks
    from gonogo.core.errors import UserError

    if every is None:
        return False
    if others:
        raise UserError(
            "--watch goes without --clusters, --model-qrels, --fail-on, --json and --junit"
        )
    if len(asked := metrics or ()) > 1:
        raise UserError("one measure is watched", value=", ".join(asked))
    try:
        rule, tier, sets = gate
        for one in looks(
            systems, qrels, *asked, gate=rule, tier=tier, overrides=tuple(sets or ()), every=every
        ):
            echo("waiting for queries that both systems have" if one is None else one)
    except KeyboardInterrupt:
        echo("stopped by hand: undecided; the interval holds at whatever number of queries")
    return True
