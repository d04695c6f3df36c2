"""What became of a training of a query tower: where recall is lost, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from gonogo.data.preflight.preflight_remedies import whiten_command
from gonogo.spec.monitors import band_of
from gonogo.spec.next_vector.postmortem import PostmortemSpec

RANK_BINS = ((1, 10), (11, 100), (101, 500), (501, 1000))
"""First and last rank of each bin; beyond the last one there is another."""


@dataclass(frozen=True, slots=True)
class GroupRecall:
    """Recall of some pairs.

    Attributes:
        group: what they share.
        pairs: how many.
        recall: between 0 and 1.
    """

    group: str
    pairs: int
    recall: float


def rank_histogram(ranks: Int[ndarray, "n"]) -> dict[str, int]:
    """Count targets by rank, from 1; the bins cover every rank."""
    bins = {f"{low}-{high}": (low, high) for low, high in RANK_BINS}
    counts = {
        name: int(((ranks >= low) & (ranks <= high)).sum()) for name, (low, high) in bins.items()
    }
    beyond = RANK_BINS[-1][1]
    return {**counts, f"beyond {beyond}": int((ranks > beyond).sum())}


def recall_by_group(
    ranks: Int[ndarray, "n"], groups: Shaped[ndarray, "n"], cutoff: int
) -> list[GroupRecall]:
    """Return the recall of each group, the one that loses the most pairs first."""
    found = ranks <= cutoff
    rows = [
        GroupRecall(str(group), int(own.sum()), float(found[own].mean()))
        for group in np.unique(groups)
        if (own := groups == group).any()
    ]
    return sorted(rows, key=lambda row: (-(1 - row.recall) * row.pairs, row.group))


def recall_by_position(
    ranks: Int[ndarray, "n"], positions: Float[ndarray, "n"], cutoff: int, parts: int = 5
) -> list[GroupRecall]:
    """Return recall by where in its article a target stands, from its start (0) to its end (1)."""
    part = np.minimum((positions * parts).astype(int), parts - 1)
    rows = []
    for number in range(parts):
        own = part == number
        if own.any():
            name = f"{100 * number // parts}-{100 * (number + 1) // parts} %"
            rows.append(GroupRecall(name, int(own.sum()), float((ranks[own] <= cutoff).mean())))
    return rows


def margin_word(margin: float, settings: PostmortemSpec) -> str | None:
    """Name a separation margin in the study's words; None where it has none."""
    return band_of(margin, settings.margin).word if settings.margin else None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a post-mortem measured, as far as its recommendation depends on it.

    Attributes:
        margin: of the tower that is looked at.
        repeats_dropped: share of the candidates for hard negatives that the filter drops, for they
            repeat their positive.
        repeats_left: share of its hard negatives that repeat their positive, after the filter; 0 by
            construction where the filter is no looser than that.
        duplicate_above: the filter: rows with a higher cosine to the positive are dropped.
        alignment: mean cosine of different bank rows.
        bank: where it lies.
        fill_rates: of the mined negatives, by look; empty where none were mined.
        recall: of the targets, at the cutoff.
        worst: the group that loses the most pairs.
    """

    margin: float
    repeats_dropped: float
    repeats_left: float
    duplicate_above: float
    alignment: float
    bank: Path
    fill_rates: Sequence[float]
    recall: float
    worst: GroupRecall


def recommend(found: Findings, settings: PostmortemSpec) -> list[str]:
    """Return what to do, the most pressing first."""
    said = []
    if settings.margin and (band := band_of(found.margin, settings.margin)).advice:
        said.append(f"the margin is {band.word} ({found.margin:.3f}); {band.advice}")
    said += _repeats(found, settings)
    if abs(found.alignment) > settings.most_aligned:
        said.append(
            f"different rows of the bank have a mean cosine of {found.alignment:.3f}: whiten it"
            f" ({whiten_command(found.bank)})"
        )
    if found.fill_rates and max(found.fill_rates) < settings.least_filled:
        said.append(
            f"at most {max(found.fill_rates):.1%} of the mined negatives asked for exist: this bank"
            " has nothing in the cosine windows; use window: quantile"
        )
    lost = (1 - found.recall) > 0 and (1 - found.worst.recall) > 2 * (1 - found.recall)
    if lost and found.worst.pairs > 1:
        said.append(
            f"{found.worst.group} alone loses {(1 - found.worst.recall) * found.worst.pairs:.0f}"
            f" targets at {settings.cutoff}: look at its texts"
        )
    return said or ["nothing is wrong that is measured here: more articles, or another encoder"]


def _repeats(found: Findings, settings: PostmortemSpec) -> list[str]:
    """Judge near-duplicates of the positive, those in force before those that are dropped."""
    above, most = settings.repeats_above, settings.most_repeats
    if found.repeats_left > most:
        return [
            f"{found.repeats_left:.1%} of the hard negatives in force repeat their positive, at a"
            f" cosine above {above:g} (more than {most:.0%} is high): lower"
            f" duplicate_above from {found.duplicate_above:g} to {above:g}"
        ]
    if found.repeats_dropped > most:
        return [
            f"{found.repeats_dropped:.1%} of the candidates for hard negatives repeat their"
            f" positive, at a cosine above {found.duplicate_above:g} (more than {most:.0%} is"
            " high): the filter drops them, but this bank holds near-copies of its answers; leave"
            " them out of the bank, or end the windows lower"
        ]
    return []
