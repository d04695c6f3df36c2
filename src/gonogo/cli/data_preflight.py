"""gonogo data preflight: six checks before any training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gonogo.data.findings import Finding

_CURRICULUM = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"
_NAMED = 5  # offending rows on the terminal; preflight.json names more


def preflight(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="Folder of pairs.")],
    bank: Annotated[
        Path | None, typer.Option(help="Where the bank lies now, if it was moved or whitened.")
    ] = None,
    curriculum: Annotated[
        str, typer.Option("--schedule", help="Mined negatives: epochs:count@low-high;...")
    ] = _CURRICULUM,
    epochs: Annotated[int | None, typer.Option(min=1, help="That training will run.")] = None,
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
    from gonogo.spec.curriculum import parse_curriculum

    read = parse_curriculum(curriculum)
    from gonogo.study.preflight import REPORT, PreflightSettings, run_preflight

    settings = PreflightSettings(
        curriculum=read,
        epochs=epochs,
        near_positive=near_positive,
        near_duplicate=near_duplicate,
    )
    done = run_preflight(pairs, settings, bank=bank, out=out)
    for finding in done.findings:
        _tell(finding)
    typer.echo(f"{done.status:8}  written to {(out or pairs / 'preflight') / REPORT}")
    if done.status == "blocker":
        raise typer.Exit(1)


def _tell(finding: Finding) -> None:
    typer.echo(f"{finding.status:8}  {finding.check}: {finding.summary}")
    for problem in finding.problems:
        typer.echo(f"          - {problem.status}: {problem.text}")
        if problem.rows:
            more = problem.count - min(_NAMED, len(problem.rows))
            named = ", ".join(problem.rows[:_NAMED])
            typer.echo(f"            {named}" + (f" and {more:,} more" if more else ""))
