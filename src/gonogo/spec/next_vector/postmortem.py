"""What a post-mortem of a query tower compares with."""

from __future__ import annotations

from pydantic import field_validator

from gonogo.spec.base import Count, Fraction, Spec
from gonogo.spec.monitors import Band, check_bands


class PostmortemSpec(Spec):
    """Bounds of ``gonogo postmortem``; words and advice are the study's own."""

    cutoff: Count = 500
    """A target of this rank or better is found."""
    margin: tuple[Band, ...] = ()
    """Words for the separation margin, from the best band down; none are said when not given. What
    is no number lies in the lowest band."""
    repeats_above: Fraction = 0.98
    """Cosine to the positive above which a hard negative is the positive again."""
    most_repeats: Fraction = 0.02
    """Share of hard negatives that may be."""
    most_aligned: Fraction = 0.10
    """Mean cosine of different bank rows, either way, beyond which whitening is advised."""
    least_filled: Fraction = 0.5
    """Share of the mined negatives asked for that some epoch must have found."""

    @field_validator("margin")
    @classmethod
    def _fall(cls, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        return check_bands(bands) if bands else bands
