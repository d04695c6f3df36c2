"""Pre-flight checks 4 and 5: whether the curriculum's windows hold anything, and what filters do.

Before training there is no query tower, so two stand-ins are measured on a sample of the training
pairs: the target itself (a perfect tower) and the last vector of the context (a poor one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from gonogo.core.seeds import generator
from gonogo.data.bank import Bank
from gonogo.data.findings import Finding, Problem
from gonogo.data.preflight_sanity import Sound
from gonogo.data.sequences import Pairs
from gonogo.spec.curriculum import CosineWindow, Curriculum, Segment

_SAMPLE = 128  # pairs: 128 x 500,000 cosines are 256 MB
_BLOCK = 16_384  # bank rows read at once
_FILLED = 0.5
"""Least share of pairs that a window should fill, by the better stand-in."""
_WELL_FILLED = 0.9
"""Share of pairs that the window told beside it would fill."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Cosines of a sample of pairs to every row of the bank.

    Attributes:
        cosines: by stand-in, to the sampled pairs' queries (sample rows); not finite, or the
            target itself, is -2.
    """

    cosines: dict[str, Float[np.ndarray, "s n"]]

    @property
    def to_positive(self) -> Float[np.ndarray, "s n"]:
        """Return the cosines to the targets."""
        return self.cosines["target"]


def measure(
    bank: Bank, pairs: Pairs, sound: Sound, *, seed: int = 0, sample: int = _SAMPLE
) -> Neighbourhood | None:
    """Compare a sample of training pairs with the whole bank; None without any sound pair."""
    train = np.flatnonzero(sound.pairs & pairs.train)
    if not len(train):
        return None
    draws = generator(seed, "preflight", "neighbourhood")
    chosen = np.sort(draws.choice(train, size=min(sample, len(train)), replace=False))
    targets = pairs.targets[chosen]
    queries = {"target": targets, "last vector": pairs.contexts[chosen, -1]}
    cosines = {name: _cosines(bank, rows, sound) for name, rows in queries.items()}
    for values in cosines.values():
        values[np.arange(len(chosen)), targets] = -2.0
    return Neighbourhood(cosines)


def _cosines(bank: Bank, rows: NDArray[np.int64], sound: Sound) -> NDArray[np.float32]:
    queries = bank.take(rows)
    cosines = np.full((len(rows), len(bank)), -2.0, dtype=np.float32)
    for start in range(0, len(bank), _BLOCK):
        block = start + np.flatnonzero(sound.rows[start : start + _BLOCK])
        cosines[:, block] = queries @ bank.take(block).T
    return cosines


def check_curriculum(
    curriculum: Curriculum, epochs: int | None, near: Neighbourhood | None, near_positive: float
) -> Finding:
    """Say whether the curriculum covers the epochs and its windows can be filled.

    Args:
        curriculum: that training will follow.
        epochs: that training will run; None if that is not known.
        near: of a sample, see :func:`measure`.
        near_positive: cosine to the positive above which a row is no negative.
    """
    found = list(_uncovered(curriculum, epochs))
    windows = [_fill(segment, near, near_positive) for segment in _mining(curriculum)]
    for facts in windows if near else []:
        if max(facts["filled"].values()) < _FILLED:
            found.append(Problem("warning", _seldom_filled(facts)))
    facts = {"curriculum": str(curriculum), "epochs": curriculum.epochs, "windows": windows}
    filled = [
        f"{one['segment']} filled for {max(one['filled'].values()):.0%}" for one in windows if near
    ]
    summary = f"epochs 0 to {curriculum.epochs - 1}; " + ("; ".join(filled) or "mines nothing")
    return Finding("curriculum", summary, tuple(found), facts)


def _uncovered(curriculum: Curriculum, epochs: int | None) -> Iterator[Problem]:
    if epochs is not None and curriculum.epochs < epochs:
        yield Problem(
            "blocker",
            f"segment {curriculum.segments[-1]} ends at epoch {curriculum.epochs - 1}, but training"
            f" runs {epochs} epochs, to epoch {epochs - 1}",
            1,
            (str(curriculum.segments[-1]),),
        )
    late = [one for one in curriculum.segments if epochs is not None and one.first >= epochs]
    if late:
        names = tuple(map(str, late))
        yield Problem("warning", f"{len(late)} segments begin after training", len(late), names)


def _mining(curriculum: Curriculum) -> list[Segment]:
    return [segment for segment in curriculum.segments if segment.window]


def _fill(segment: Segment, near: Neighbourhood | None, near_positive: float) -> dict[str, Any]:
    """Count the negatives that a segment's window holds, by stand-in."""
    window, count = segment.window, segment.count
    facts: dict[str, Any] = {"segment": str(segment), "filled": {}, "median_rows": {}}
    if window is None or near is None:
        return facts
    allowed = near.to_positive <= near_positive
    lows = []
    for name, cosines in near.cosines.items():
        inside = (cosines >= window.low) & (cosines <= window.high) & allowed
        rows = inside.sum(axis=1)
        facts["filled"][name] = float((rows >= count).mean())
        facts["median_rows"][name] = float(np.median(rows))
        lows.append(_low_that_fills(cosines, window, count, allowed))
    facts["low_that_fills"] = max(lows)
    return facts


def _low_that_fills(
    cosines: NDArray[np.float32], window: CosineWindow, count: int, allowed: NDArray[np.bool_]
) -> float:
    """Return the low end at which nine of ten pairs find ``count`` negatives below ``high``."""
    below = np.where((cosines <= window.high) & allowed, cosines, -2.0)
    if below.shape[1] <= count:
        return -1.0
    reached = np.partition(below, -count, axis=1)[:, -count]
    return float(np.floor(np.quantile(reached, 1 - _WELL_FILLED) * 100) / 100)


def _seldom_filled(facts: dict[str, Any]) -> str:
    rates = " and ".join(f"{rate:.0%} ({name})" for name, rate in facts["filled"].items())
    rows = " and ".join(f"{rows:,.0f}" for rows in facts["median_rows"].values())
    return (
        f"segment {facts['segment']} is filled for {rates} of the sampled pairs, the median pair"
        f" has {rows} rows in it; a low end of {facts['low_that_fills']:.2f} would fill"
        f" {_WELL_FILLED:.0%}"
    )


def check_filters(
    curriculum: Curriculum, near: Neighbourhood | None, near_positive: float
) -> Finding:
    """Say whether the filters of mined negatives can fire at all, and what they would drop.

    One drops a row above ``near_positive`` to the positive; the other a row above it to both query
    and positive, which no window that ends below it can hold.
    """
    windows = [segment.window for segment in _mining(curriculum) if segment.window]
    can_fire = curriculum.reaches_above(near_positive)
    facts: dict[str, Any] = {"cosine": near_positive, "both_can_fire": can_fire}
    found = []
    if windows and not can_fire:
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
            str(window): _dropped(window, near, near_positive) for window in windows
        }
    summary = f"near-duplicates are above cosine {near_positive:g}"
    if near:
        summary += (
            f"; {facts['pairs_with_near_positive']:.1%} of the sampled pairs have one of their"
            " positive in the bank"
        )
    return Finding("filters", summary, tuple(found), facts)


def _dropped(window: CosineWindow, near: Neighbourhood, near_positive: float) -> dict[str, int]:
    """Count the rows of a window around the last vector that each filter drops."""
    cosines = near.cosines["last vector"]
    inside = (cosines >= window.low) & (cosines <= window.high)
    copies = near.to_positive > near_positive
    return {
        "candidates": int(inside.sum()),
        "near_positive": int((inside & copies).sum()),
        "near_both": int((inside & copies & (cosines > near_positive)).sum()),
    }
