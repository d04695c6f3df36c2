"""The studies that come with the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shipped:
    """What a shipped study file says of itself.

    Attributes:
        question: what it decides.
        arms: the configurations under comparison.
        tiers: its budget levels, and what is noted of each.
        file: where it lies.
    """

    question: str
    arms: tuple[str, ...]
    tiers: dict[str, str]
    file: Path


def shipped() -> dict[str, Shipped]:
    """Return what is known of the shipped studies before one is opened, by name."""
    from gonogo.spec.checks.resolve import read_study
    from gonogo.spec.reading.shipped import shipped_studies

    found = {}
    for name, path in shipped_studies().items():
        study = read_study(path)
        tiers = {tier: level.note for tier, level in study.tiers.items()}
        found[name] = Shipped(study.question, tuple(study.arms), tiers, path)
    return found


def studies() -> dict[str, str]:
    """Return the shipped studies and the question that each answers."""
    return {name: one.question for name, one in shipped().items()}
