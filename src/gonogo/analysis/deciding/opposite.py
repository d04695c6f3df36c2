"""Effects that differ between data sets: a mean of opposite ones describes none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gonogo.analysis.gates.wording import listed
from gonogo.analysis.records.effects import Between, Effect

DIFFER = 0.05
"""Below this p of equal effects, data sets are said to differ."""


def opposite(effects: Sequence[Effect]) -> str:
    """Say where opposite effects cancel in the mean; empty where none do."""
    return "; ".join(
        _cancelled(effect, effect.between)
        for effect in effects
        if effect.between is not None and effect.between.cancels
    )


def _cancelled(effect: Effect, between: Between) -> str:
    better, worse = between.above, between.below
    if effect.ratio is not None:
        better, worse = worse, better
    return (
        f"{effect.task}: opposite effects cancel in this mean: {effect.candidate} is better on "
        f"{listed(better)} and worse on {listed(worse)} (each interval excludes zero; "
        f"p of equal effects {_p(between.p)}, Cochran's Q)"
    )


def differing(effects: Sequence[Effect]) -> Iterator[str]:
    """Warn of data sets whose effects differ by more than their noise, but do not oppose."""
    for effect in effects:
        found = effect.between
        if found is not None and found.p < DIFFER and not found.cancels:
            yield (
                f"{effect.task}: the effect differs between data sets by more than its noise "
                f"(p of equal effects {_p(found.p)}, Cochran's Q); look at each of them"
            )


def _p(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
