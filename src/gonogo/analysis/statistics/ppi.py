"""PPI++: many judgements by a model and a few by people to one unbiased paired difference.

On every query a model's judgements give a difference f; on some of them, drawn at random, people's
give y. The estimate is the model's mean over the rest, corrected by what people found it to be off:

    theta = lambda * mean_rest(f) + mean_human(y - lambda * f).

It is unbiased whatever the model's bias, for any lambda; the lambda with the least variance is
cov(y, f) / ((1 + n/N) var(f)), with n queries judged by people and N by the model alone, kept
within 0 (people alone) and 1. Seeds and queries are crossed as everywhere: both parts are strata
that share their seeds, so that the interval is that of :mod:`gonogo.analysis.statistics.variance`.

Sources: Angelopoulos et al., "Prediction-powered inference", Science 382 (2023), eq. 3;
Angelopoulos, Duchi and Zrnic, "PPI++: Efficient prediction-powered inference" (2023), eq. 7 and
proposition 2 (the choice of lambda).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.statistics.variance import mean_squares

FEWEST_HUMAN = 10
"""Below this many queries judged by people, neither lambda nor the interval can be trusted."""


@dataclass(frozen=True)
class Judgements:
    """Paired differences of one data set."""

    human: Float[np.ndarray, "seeds n"]
    """candidate - reference by people's judgements."""
    model: Float[np.ndarray, "seeds n"]
    """The same queries by the model's judgements."""
    rest: Float[np.ndarray, "seeds N"]
    """Queries that the model alone has judged."""


@dataclass(frozen=True)
class Debiased:
    """A difference, its interval, and how much of the model's judgements is in it."""

    value: float
    half_width: float
    weights: tuple[float, ...]
    """lambda of each data set."""


def power_tuned(part: Judgements) -> float:
    """Return the lambda with the least variance, seeds averaged."""
    people, model = part.human.mean(axis=0), part.model.mean(axis=0)
    n, rest = part.human.shape[1], part.rest.shape[1]
    if rest == 0 or model.var() == 0:
        return 0.0
    # Both from the queries that people judged: a slope is steadier than its two parts apart.
    slope = float(np.cov(people, model, ddof=1)[0, 1] / model.var(ddof=1))
    return float(np.clip(slope / (1 + n / rest), 0.0, 1.0))


def debiased_difference(parts: Sequence[Judgements], level: float = 0.95) -> Debiased:
    """Return the mean difference over data sets, each of equal weight.

    Args:
        parts: one a data set, all with the same seeds.
        level: coverage asked for.

    Raises:
        ValueError: if a data set has fewer than ``FEWEST_HUMAN`` queries judged by people, or
            shapes do not fit.
    """
    strata: list[Float[np.ndarray, "seeds _"]] = []
    weights = []
    for part in parts:
        if part.human.shape != part.model.shape or part.human.shape[1] < FEWEST_HUMAN:
            raise ValueError(f"judgements of shapes {part.human.shape} and {part.model.shape}")
        weight = power_tuned(part)
        weights.append(weight)
        # Twice, since mean_squares halves: the mean over a data set's two strata is theta.
        twice = 2.0 if part.rest.shape[1] else 1.0
        strata.append(twice * (part.human - weight * part.model))
        if part.rest.shape[1]:
            strata.append(twice * weight * part.rest)
    if len({bool(part.rest.shape[1]) for part in parts}) > 1:
        raise ValueError("either all data sets have queries that the model alone judged, or none")
    squares = mean_squares(strata)
    value = float(np.mean([block.mean() for block in strata]))
    return Debiased(value, squares.half_width(level), tuple(weights))
