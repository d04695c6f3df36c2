"""gonogo data preflight: six checks before any training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    from gonogo.data.preflight.findings import Finding
    from gonogo.data.preflight.preflight_curriculum import Schedule
    from gonogo.spec.next_vector.curriculum import WindowUnit

_Value = TypeVar("_Value")
_CURRICULUM = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"
_Windows = Annotated[
    list[str] | None,
    typer.Option(
        metavar="cosine|quantile",
        show_default="cosine",
        help="What low and high are: cosines, or quantiles of a query's cosines to the bank."
        " Once for all schedules, or once for each.",
    ),
]
_NAMED = 5  # offending rows on the terminal; preflight.json names more


def preflight(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="Folder of pairs.")],
    bank: Annotated[
        Path | None, typer.Option(help="Where the bank lies now, if it was moved or whitened.")
    ] = None,
    curriculum: Annotated[
        list[str] | None,
        typer.Option(
            "--schedule",
            show_default=_CURRICULUM,
            help="Mined negatives: epochs:count@low-high;... Again for each further training.",
        ),
    ] = None,
    window: _Windows = None,
    epochs: Annotated[
        list[int] | None,
        typer.Option(min=1, help="That training will run; once for all schedules, or for each."),
    ] = None,
    near_positive: Annotated[
        float, typer.Option(help="Cosine to the positive above which a row is no negative.")
    ] = 0.98,
    near_duplicate: Annotated[
        float, typer.Option(help="Cosine to a training target that makes a near-duplicate.")
    ] = 0.98,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="By default PAIRS/preflight.")
    ] = None,
) -> None:
    """Check data, leakage, alignment, curriculum, filters and manifest; blockers exit with 1."""
    first, *more = _schedules(curriculum or [_CURRICULUM], window or ["cosine"], epochs or [None])
    from gonogo.study.next_vector.preflight import REPORT, PreflightSettings, run_preflight

    settings = PreflightSettings(
        curriculum=first.curriculum,
        window=first.window,
        epochs=first.epochs,
        more=tuple(more),
        near_positive=near_positive,
        near_duplicate=near_duplicate,
    )
    done = run_preflight(pairs, settings, bank=bank, out=out)
    for finding in done.findings:
        _tell(finding)
    echo(f"{done.status:8}  written to {(out or pairs / 'preflight') / REPORT}")
    if done.status == "blocker":
        raise typer.Exit(1)


def _schedules(
    curricula: Sequence[str], windows: Sequence[str], epochs: Sequence[int | None]
) -> list[Schedule]:
    """Return what each training mines.

    Raises:
        UserError: for a curriculum that is none, or units and epochs that fit no number of them.
    """
    from gonogo.spec.next_vector.curriculum import parse_curriculum

    read = [parse_curriculum(text) for text in curricula]
    from gonogo.data.preflight.preflight_curriculum import Schedule

    units = _each("--window", [_unit(window) for window in windows], len(read))
    counts = _each("--epochs", epochs, len(read))
    return [Schedule(*parts) for parts in zip(read, units, counts, strict=True)]


def _unit(window: str) -> WindowUnit:
    from gonogo.core.errors import UserError, nearest

    units: dict[str, WindowUnit] = {"cosine": "cosine", "quantile": "quantile"}
    if window not in units:
        raise UserError(f"no window {window!r}", place="--window", hint=nearest(window, units))
    return units[window]


def _each(option: str, values: Sequence[_Value], count: int) -> Sequence[_Value]:
    """Return a value for each schedule; what is given once holds for all of them."""
    from gonogo.core.errors import UserError

    if len(values) not in (1, count):
        told = f"given {len(values)} times beside {count} of --schedule"
        raise UserError(told, place=option, hint="give it once, or once for each --schedule")
    return [*values] * (count if len(values) == 1 else 1)


def _tell(finding: Finding) -> None:
    echo(f"{finding.status:8}  {finding.check}: {finding.summary}")
    for problem in finding.problems:
        echo(f"          - {problem.status}: {problem.text}")
        if problem.rows:
            more = problem.count - min(_NAMED, len(problem.rows))
            named = ", ".join(problem.rows[:_NAMED])
            echo(f"            {named}" + (f" and {more:,} more" if more else ""))
