"""The estimate of a study that was looked at after each seed, less the bias that looking put in.

A study that stops as soon as its interval lies on one side of the lines stops more often when its
figure came out far from them: over all studies, the figure at the end is too far away. The adjusted
estimate is the effect at which the mean figure at the end would be the one that was seen,

    theta with E_theta[figure at the end] = figure.

It has hardly any bias over all studies; those that stop early remain too far away, as those that go
on remain too near (docs/statistics.md). The mean is taken over studies of normal seed and query
effects with this study's variances, looked at by the same rule, the seeds' variance estimated anew
at each look. What queries bring is the same at all looks; only what seeds bring is averaged away.

Source: Whitehead, Biometrika 73 (1986), section 3 (bias-adjusted estimate of a sequential trial).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from gonogo.analysis.estimates.sequential import FIRST_LOOK, look_level
from gonogo.analysis.statistics.variance import MeanSquares, half_width
from gonogo.core.seeds import generator

_DRAWS = 4_000
_WITHIN = 4.0
"""Standard errors from the figure within which the adjusted estimate is looked for."""


@dataclass(frozen=True, slots=True)
class Looks:
    """How a study was looked at, and where it ended."""

    done: int
    planned: int
    """Seeds so far, and of the full study."""
    lines: tuple[float, ...]
    """What an interval must not reach over for a study to stop, in the units of the estimate."""
    alpha: float = 0.05
    effects: int = 1
    """Tasks or baselines that share ``alpha``."""

    @property
    def level(self) -> float:
        """Return the level of the repeated interval at the look that the study ended with."""
        return look_level(self.done, self.planned, self.alpha, self.effects)

    @property
    def words(self) -> str:
        """Say what the interval promises, and of which studies."""
        which = f"look after seed {self.done} of {self.planned}"
        return (
            f"repeated interval ({which}): it holds in at least {100 * (1 - self.alpha):g} % "
            "of all studies looked at so, in fewer of those that stop early"
        )


def adjusted_for_looks(value: float, parts: MeanSquares, looks: Looks) -> float:
    """Return the bias-adjusted estimate of a study that was looked at after each seed.

    Args:
        value: the figure at the end.
        parts: of its variance.
        looks: the rule by which the study would have stopped.
    """
    if looks.planned <= FIRST_LOOK or parts.variance <= 0:
        return value
    from scipy.optimize import brentq

    ends = simulated_ends(parts, looks)

    def beyond(effect: float) -> float:
        return effect + ends.bias(effect) - value

    reach = _WITHIN * parts.variance**0.5
    low, high = value - reach, value + reach
    if beyond(low) > 0 or beyond(high) < 0:
        return value
    return float(brentq(beyond, low, high, xtol=1e-4 * reach))


@dataclass(frozen=True, slots=True)
class SimulatedEnds:
    """Errors and half widths of simulated studies, look by look."""

    error: Float[np.ndarray, "draws looks"]
    half: Float[np.ndarray, "draws looks"]
    lines: tuple[float, ...]

    def bias(self, effect: float) -> float:
        """Return how far the mean figure at the end is from the true effect."""
        return float(self.error[np.arange(len(self.error)), self.last(effect)].mean())

    def last(self, effect: float) -> Integer[np.ndarray, " draws"]:
        """Return the look that each study ends with: the first that decides, or the last one."""
        figure = effect + self.error
        crossed = np.zeros(figure.shape, dtype=bool)
        for line in self.lines:
            crossed |= np.abs(figure - line) <= self.half
        decided = ~crossed
        decided[:, -1] = True
        found: Integer[np.ndarray, " draws"] = decided.argmax(axis=1)
        return found


def simulated_ends(parts: MeanSquares, looks: Looks, draws: int = _DRAWS) -> SimulatedEnds:
    """Simulate studies of these variances, each with its mirror image."""
    at = np.arange(FIRST_LOOK, looks.planned + 1)
    one_seed = (parts.seed_part * parts.seeds) ** 0.5
    shared = max(0.0, parts.query_part - parts.residual_part)
    rng = generator(0, "looks", looks.planned)
    seeds = one_seed * rng.standard_normal((draws // 2, looks.planned))
    queries = shared**0.5 * rng.standard_normal((draws // 2, 1))
    sums, squares = np.cumsum(seeds, axis=1)[:, at - 1], np.cumsum(seeds**2, axis=1)[:, at - 1]
    variance = np.maximum(squares - sums**2 / at, 0.0) / (at - 1) / at
    half = np.stack(
        [
            half_width(
                variance[:, place],
                np.full(len(variance), shared),
                np.zeros(len(variance)),
                seed_df=float(done - 1),
                query_df=parts.query_df,
                level=look_level(int(done), looks.planned, looks.alpha, looks.effects),
            )
            for place, done in enumerate(at)
        ],
        axis=1,
    )
    error = sums / at + queries
    return SimulatedEnds(np.concatenate([error, -error]), np.tile(half, (2, 1)), looks.lines)
