"""gonogo studies: the studies that come with the package."""

from __future__ import annotations

from gonogo.cli.shared.echo import echo


def studies() -> None:
    """List the shipped studies with their questions and tiers."""
    from gonogo.api.studies.shipped import shipped

    for name, study in shipped().items():
        echo(f"{name}: {study.question}")
        echo(f"  arms   {', '.join(study.arms)}")
        for tier, note in study.tiers.items():
            echo(f"  tier   {tier}: {note}" if note else f"  tier   {tier}")
        echo(f"  file   {study.file}")
