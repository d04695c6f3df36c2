"""What the windows of a curriculum hold, before there is a query tower to mine with.

Two stand-ins are measured on a sample of the training pairs: the target itself (a perfect tower)
and the last vector of the context (a poor one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from gonogo.core.seeds import generator
from gonogo.data.next_vector.bank import Bank
from gonogo.data.next_vector.sequences import Pairs
from gonogo.data.preflight.preflight_sanity import Sound
from gonogo.spec.next_vector.curriculum import CosineWindow, Segment, WindowUnit

POOR = "last vector"
_PERFECT = "target"
_SAMPLE = 128  # pairs: 128 x 500,000 cosines are 256 MB
_BLOCK = 16_384  # bank rows read at once
_NEVER = -2.0  # below every cosine
_WELL_FILLED = 0.9


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Cosines of a sample of pairs to every row of the bank.

    Attributes:
        cosines: by stand-in, to the sampled pairs' queries (sample rows). What is never mined is
            -2: the target itself, the rows of the own context, and what is not finite.
    """

    cosines: dict[str, Float[np.ndarray, "s n"]]

    @property
    def to_positive(self) -> Float[np.ndarray, "s n"]:
        """Return the cosines to the targets."""
        return self.cosines[_PERFECT]


def measure(
    bank: Bank, pairs: Pairs, sound: Sound, *, seed: int = 0, sample: int = _SAMPLE
) -> Neighbourhood | None:
    """Compare a sample of training pairs with the whole bank; None without any sound pair."""
    train = np.flatnonzero(sound.pairs & pairs.train)
    if not len(train):
        return None
    draws = generator(seed, "preflight", "neighbourhood")
    chosen = np.sort(draws.choice(train, size=min(sample, len(train)), replace=False))
    queries = {_PERFECT: pairs.targets[chosen], POOR: pairs.contexts[chosen, -1]}
    cosines = {name: _cosines(bank, rows, sound) for name, rows in queries.items()}
    own = np.column_stack([pairs.contexts[chosen], pairs.targets[chosen]])
    lines, places = np.nonzero(own >= 0)
    for values in cosines.values():
        values[lines, own[lines, places]] = _NEVER
    return Neighbourhood(cosines)


def _cosines(bank: Bank, rows: NDArray[np.int64], sound: Sound) -> NDArray[np.float32]:
    queries = bank.take(rows)
    cosines = np.full((len(rows), len(bank)), _NEVER, dtype=np.float32)
    for start in range(0, len(bank), _BLOCK):
        block = start + np.flatnonzero(sound.rows[start : start + _BLOCK])
        cosines[:, block] = queries @ bank.take(block).T
    return cosines


def in_window(
    cosines: Float[np.ndarray, "s n"], window: CosineWindow, unit: WindowUnit
) -> Bool[np.ndarray, "s n"]:
    """Return the rows that lie in a window, near-duplicates of the positive among them."""
    if unit == "cosine":
        return (cosines >= window.low) & (cosines <= window.high)
    first, beyond = window.ranks(cosines.shape[1])
    inside = np.zeros(cosines.shape, dtype=np.bool_)
    beyond = min(beyond, cosines.shape[1])
    if beyond > first:
        for line, marked in zip(cosines, inside, strict=True):  # all at once would be gigabytes
            nearest = np.argpartition(-line, beyond - 1)[:beyond]
            marked[nearest[np.argsort(-line[nearest], kind="stable")[first:]]] = True
    return inside & (cosines > _NEVER)


def fill(
    segment: Segment, unit: WindowUnit, near: Neighbourhood | None, near_positive: float
) -> dict[str, Any]:
    """Count the negatives that a segment's window holds, by stand-in.

    Args:
        segment: of a curriculum.
        unit: of its window.
        near: of a sample, see :func:`measure`.
        near_positive: cosine to the positive above which a row is no negative.
    """
    window, count = segment.window, segment.count
    facts: dict[str, Any] = {"segment": str(segment), "window": unit}
    facts |= {"filled": {}, "median_rows": {}}
    if window is None or near is None:
        return facts
    allowed = near.to_positive <= near_positive
    for name, cosines in near.cosines.items():
        rows = (in_window(cosines, window, unit) & allowed).sum(axis=1)
        facts["filled"][name] = float((rows >= count).mean())
        facts["median_rows"][name] = float(np.median(rows))
    if unit == "cosine":
        each = near.cosines.values()
        lows = [_low_that_fills(cosines, window, count, allowed) for cosines in each]
        facts["low_that_fills"] = max(lows)
    else:
        first, beyond = window.ranks(allowed.shape[1])
        facts["ranks"] = min(beyond, allowed.shape[1]) - first
    return facts


def _low_that_fills(
    cosines: NDArray[np.float32], window: CosineWindow, count: int, allowed: NDArray[np.bool_]
) -> float:
    """Return the low end at which nine of ten pairs find ``count`` negatives below ``high``."""
    below = np.where((cosines <= window.high) & allowed, cosines, _NEVER)
    if below.shape[1] <= count:
        return -1.0
    reached = np.partition(below, -count, axis=1)[:, -count]
    return float(np.floor(np.quantile(reached, 1 - _WELL_FILLED) * 100) / 100)


def seldom_filled(facts: dict[str, Any]) -> str:
    """Return what to say of a window that few pairs can fill, see :func:`fill`."""
    rates = " and ".join(f"{rate:.0%} ({name})" for name, rate in facts["filled"].items())
    rows = " and ".join(f"{rows:,.0f}" for rows in facts["median_rows"].values())
    told = f"segment {facts['segment']} is filled for {rates} of the sampled pairs"
    if facts["window"] == "quantile":
        return (
            f"{told}: it holds {facts['ranks']:,} ranks of this bank, and the median pair has"
            f" {rows} rows there that do not repeat its positive; a wider window, or fewer"
            " negatives"
        )
    return (
        f"{told}, the median pair has {rows} rows in it; a low end of"
        f" {facts['low_that_fills']:.2f} would fill {_WELL_FILLED:.0%}"
    )


def dropped(
    segment: Segment, unit: WindowUnit, near: Neighbourhood, near_positive: float
) -> dict[str, int]:
    """Count the rows of a window around the last vector that each filter drops."""
    if segment.window is None:
        return {}
    cosines = near.cosines[POOR]
    inside = in_window(cosines, segment.window, unit)
    copies = near.to_positive > near_positive
    return {
        "candidates": int(inside.sum()),
        "near_positive": int((inside & copies).sum()),
        "near_both": int((inside & copies & (cosines > near_positive)).sum()),
    }
