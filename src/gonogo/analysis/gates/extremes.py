"""Where a measure cannot tell two arms apart: at its ceiling, at its floor, on hardly any query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gonogo.analysis.records.effects import Effect
from gonogo.analysis.tables.measures import TOLERANCE, value_range

Array = Float[np.ndarray, "_ _"]


def extreme(reference: Sequence[Array], candidate: Sequence[Array], effect: Effect) -> str:
    """Say that the arms stand where the measure cannot tell them apart; empty where it can.

    Args:
        reference: one (seeds, queries) array a data set.
        candidate: of the same queries.
        effect: names task, metric and arms.
    """
    low, high = value_range(effect.metric)
    place = f"{effect.task}, {effect.metric}"
    if _all_at(reference, high) and _all_at(candidate, high):
        return (
            f"{place}: both arms reach the ceiling on every query; "
            "the data are too easy to show a difference"
        )
    needed = [reference]
    if effect.ratio is None:
        needed.append(candidate)
    found, count = _above(reference, low)
    if 0 < 2 * found < count and all(_near(values, low) for values in needed):
        return (
            f"{place}: {effect.reference} scores above the floor on {found:,} of {count:,} queries "
            "only; its mean cannot be told from the floor, and nothing can be measured against it"
        )
    if _all_at(reference, low) and effect.ratio is not None:
        return f"{place}: TIR is undefined, because {effect.reference} scores 0 on every query"
    if _all_at(candidate, low):
        both = "both arms find" if _all_at(reference, low) else f"{effect.candidate} finds"
        return f"{place}: {both} nothing on any query; look for broken runs or identifiers"
    return ""


def _all_at(values: Sequence[Array], bound: float) -> bool:
    return bool(np.isfinite(bound)) and all(
        (np.abs(block - bound) <= TOLERANCE).all() for block in values
    )


def _above(values: Sequence[Array], low: float) -> tuple[int, int]:
    """Return the queries on which any seed scores above the floor, and all of them."""
    return (
        sum(int((block > low + TOLERANCE).any(axis=0).sum()) for block in values),
        sum(block.shape[1] for block in values),
    )


def _near(values: Sequence[Array], low: float) -> bool:
    """Return whether these models' mean over queries cannot be told from the floor.

    Then a ratio over it has no bounded interval (Fieller 1954). Seeds are averaged first: the
    question is what these very models find.
    """
    from scipy.special import stdtrit

    if not np.isfinite(low) or any(block.shape[1] < 2 for block in values):
        return False
    means = [block.mean(axis=0) - low for block in values]
    parts = [float(block.var(ddof=1)) / len(block) / len(means) ** 2 for block in means]
    if sum(parts) == 0:
        return all(float(block.mean()) <= TOLERANCE for block in means)
    doubt = sum(p**2 / (len(b) - 1) for p, b in zip(parts, means, strict=True))
    half = float(stdtrit(sum(parts) ** 2 / doubt, 0.975)) * sum(parts) ** 0.5
    return bool(np.mean([block.mean() for block in means]) <= half)
