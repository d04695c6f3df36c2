"""gonogo studies: the studies that come with the package."""

from __future__ import annotations

import typer


def studies() -> None:
    """List the shipped studies with their questions and tiers."""
    from gonogo.spec.checks.resolve import read_study
    from gonogo.study.folder.shipped import shipped_studies

    for name, path in shipped_studies().items():
        study = read_study(path)
        typer.echo(f"{name}: {study.question}")
        typer.echo(f"  arms   {', '.join(study.arms)}")
        for tier, level in {**study.tiers}.items():
            typer.echo(f"  tier   {tier}: {level.note}" if level.note else f"  tier   {tier}")
        typer.echo(f"  file   {path}")
