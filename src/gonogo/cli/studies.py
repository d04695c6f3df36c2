"""gonogo studies: the studies that come with the package."""

from __future__ import annotations

import typer


def studies() -> None:
    """List the shipped studies with their questions and tiers."""
    from gonogo.api.studies.shipped import shipped

    for name, study in shipped().items():
        typer.echo(f"{name}: {study.question}")
        typer.echo(f"  arms   {', '.join(study.arms)}")
        for tier, note in study.tiers.items():
            typer.echo(f"  tier   {tier}: {note}" if note else f"  tier   {tier}")
        typer.echo(f"  file   {study.file}")
