"""Pre-flight checks 4 and 5: whether the curriculum's windows hold anything, and what filters do.

Both are about one schedule of a training; several trainings on the same pairs are checked in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gonogo.data.preflight.findings import Finding, Problem
from gonogo.data.preflight.preflight_windows import (
    POOR,
    Neighbourhood,
    dropped,
    fill,
    in_window,
    seldom_filled,
)
from gonogo.spec.next_vector.curriculum import Curriculum, Segment, WindowUnit

_FILLED = 0.5
"""Least share of pairs that a window should fill, by the better stand-in."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a training will mine, and when.

    Attributes:
        curriculum: that it will follow.
        window: what low and high of the curriculum are.
        epochs: that it will run; None if that is not known.
    """

    curriculum: Curriculum
    window: WindowUnit = "cosine"
    epochs: int | None = None

    @property
    def mining(self) -> list[Segment]:
        """Return the segments that mine anything."""
        return [segment for segment in self.curriculum.segments if segment.window]

    def as_json(self) -> dict[str, Any]:
        """Return it as the manifest of a preflight holds it."""
        return {
            "curriculum": str(self.curriculum),
            "window": self.window,
            "epochs": self.epochs,
        }


def check_curriculum(
    schedule: Schedule, near: Neighbourhood | None, near_positive: float
) -> Finding:
    """Say whether the curriculum covers the epochs and its windows can be filled.

    A window of quantiles holds the same ranks in every bank, so that only too few ranks for the
    count, and near-duplicates of the positive among them, leave it short.

    Args:
        schedule: of the training.
        near: of a sample, see :func:`gonogo.data.preflight.preflight_windows.measure`.
        near_positive: cosine to the positive above which a row is no negative.
    """
    curriculum = schedule.curriculum
    found = list(_uncovered(curriculum, schedule.epochs))
    windows = [fill(segment, schedule.window, near, near_positive) for segment in schedule.mining]
    measured = windows if near else []
    found += [
        Problem("warning", seldom_filled(one))
        for one in measured
        if max(one["filled"].values()) < _FILLED
    ]
    facts = {
        "curriculum": str(curriculum),
        "epochs": curriculum.epochs,
        "window": schedule.window,
        "windows": windows,
    }
    filled = [f"{one['segment']} filled for {max(one['filled'].values()):.0%}" for one in measured]
    unit = " (quantiles)" if filled and schedule.window == "quantile" else ""
    nothing = "nothing to measure it with" if windows else "mines nothing"
    summary = f"epochs 1 to {curriculum.epochs}; {'; '.join(filled) or nothing}{unit}"
    return Finding("curriculum", summary, tuple(found), facts)


def _uncovered(curriculum: Curriculum, epochs: int | None) -> Iterator[Problem]:
    if epochs is not None and curriculum.epochs < epochs:
        yield Problem(
            "blocker",
            f"segment {curriculum.segments[-1]} ends at epoch {curriculum.epochs}, but training"
            f" runs {epochs} epochs",
            1,
            (str(curriculum.segments[-1]),),
        )
    late = [one for one in curriculum.segments if epochs is not None and one.first > epochs]
    if late:
        names = tuple(map(str, late))
        yield Problem("warning", f"{len(late)} segments begin after training", len(late), names)


def check_filters(schedule: Schedule, near: Neighbourhood | None, near_positive: float) -> Finding:
    """Say whether the filters of mined negatives can fire at all, and what they would drop.

    One drops a row above ``near_positive`` to the positive; the other a row above it to both query
    and positive, which no window that ends below it can hold.
    """
    facts: dict[str, Any] = {
        "cosine": near_positive,
        "both_can_fire": _both_can_fire(schedule, near, near_positive),
    }
    windows = [segment.window for segment in schedule.mining if segment.window]
    found = []
    # Where windows are of quantiles no bound is known: an untrained tower is not there to ask.
    if windows and schedule.window == "cosine" and not facts["both_can_fire"]:
        highest = max(window.high for window in windows)
        text = (
            f"the filter on query and positive (> {near_positive:g} to both) cannot fire: every"
            f" window ends at {highest:g} or below; only the filter on the positive alone works"
        )
        found.append(Problem("warning", text))
    if near:
        copies = (near.to_positive > near_positive).sum(axis=1)
        facts["pairs_with_near_positive"] = float((copies > 0).mean())
        facts["dropped"] = {
            str(segment.window): dropped(segment, schedule.window, near, near_positive)
            for segment in schedule.mining
        }
    summary = f"near-duplicates are above cosine {near_positive:g}"
    if near:
        summary += (
            f"; {facts['pairs_with_near_positive']:.1%} of the sampled pairs have one of their"
            " positive in the bank"
        )
    return Finding("filters", summary, tuple(found), facts)


def _both_can_fire(
    schedule: Schedule, near: Neighbourhood | None, near_positive: float
) -> bool | None:
    """Say whether any window lets a cosine to the query in that the filter on both asks for.

    Of quantiles it is what the poor stand-in shows; None where nothing was measured.
    """
    if schedule.window == "cosine":
        return schedule.curriculum.reaches_above(near_positive)
    if near is None:
        return None
    cosines = near.cosines[POOR]
    inside = [in_window(cosines, one.window, "quantile") for one in schedule.mining if one.window]
    return any(bool((cosines[rows] > near_positive).any()) for rows in inside)
