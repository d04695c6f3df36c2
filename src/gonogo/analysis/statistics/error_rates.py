"""How often each verdict is given at a known true effect, for one's own variances.

The estimates are simulated through their sufficient statistics (means and mean squares of the
two-way layout under normality), so that a hundred thousand studies take a fraction of a second;
``benchmarks/gate_error_rates.py`` does the same with bounded, zero-inflated per-query scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.statistics.power import Components
from gonogo.analysis.statistics.variance import half_width
from gonogo.core.seeds import generator


@dataclass(frozen=True, slots=True)
class VerdictRates:
    """Shares of simulated studies; the first four add up to 1, and so do the last three."""

    passed: float
    """PASS: some task's whole interval at or above the ``pass`` line."""
    marginal: float
    """MARGINAL: every task's interval below it, and some task's at or above the ``fail`` line."""
    failed: float
    """FAIL: every task's whole interval below the ``fail`` line."""
    inconclusive: float
    """None of them; always so with one seed, whose interval is blind to seed noise."""
    point_passed: float
    """PASS by the point estimate alone."""
    point_marginal: float
    point_failed: float


@dataclass(frozen=True, slots=True)
class SimulatedIntervals:
    """Point estimates and interval ends, one row a study, one column a task."""

    value: Float[np.ndarray, "draws tasks"]
    low: Float[np.ndarray, "draws tasks"]
    high: Float[np.ndarray, "draws tasks"]


def _simulated(
    true: float,
    components: Components,
    seeds: int,
    queries: int,
    shape: tuple[int, int],
    level: float,
    seed: int,
) -> SimulatedIntervals:
    rng = generator(seed, "error rates", seeds, queries)
    expected = components.mean_squares(seeds, queries)
    value = true + rng.normal(size=shape) * expected.variance**0.5
    seed_df, query_df = float(max(seeds - 1, 1)), float(queries - 1)

    def mean_square(expectation: float, df: float) -> Float[np.ndarray, "draws tasks"]:
        return expectation * rng.chisquare(df, size=shape) / df

    seed_part = mean_square(expected.seed_part if seeds > 1 else 0.0, seed_df)
    query_part = mean_square(expected.query_parts[0], query_df)
    residual_part = mean_square(
        expected.residual_parts[0] if seeds > 1 else 0.0, seed_df * query_df
    )
    half = half_width(
        seed_part, query_part, residual_part, seed_df=seed_df, query_df=query_df, level=level
    )
    return SimulatedIntervals(value, value - half, value + half)


def verdict_rates(
    true: float,
    components: Components,
    *,
    seeds: int,
    queries: int,
    tasks: int = 1,
    pass_: float = 0.02,
    fail: float = 0.01,
    level: float = 0.95,
    draws: int = 100_000,
    seed: int = 0,
) -> VerdictRates:
    """Simulate the gate's words: by the intervals, and by the point estimate alone.

    Args:
        true: the true effect on every task, in the units of the thresholds.
        components: its variances (``Components.from_pilot`` of one's own scores, or defaults).
        seeds: of each study. One seed's interval is over queries only, so that it decides nothing.
        queries: of each study, over all data sets.
        tasks: independent tasks that the gate looks at.
        pass_: threshold of PASS.
        fail: threshold of FAIL.
        level: of the intervals that bear a verdict.
        draws: simulated studies.
        seed: of the simulation.
    """
    studies = _simulated(true, components, seeds, queries, (draws, tasks), level, seed)
    top, low, high = (part.max(axis=1) for part in (studies.value, studies.low, studies.high))
    sees = seeds > 1
    passed = (low >= pass_ - 1e-9) & sees
    failed = (high < fail - 1e-9) & sees
    marginal = (low >= fail - 1e-9) & (high < pass_ - 1e-9) & sees
    by_mean = top >= pass_ - 1e-9, top < fail - 1e-9
    return VerdictRates(
        passed=float(passed.mean()),
        marginal=float(marginal.mean()),
        failed=float(failed.mean()),
        inconclusive=float((~(passed | failed | marginal)).mean()),
        point_passed=float(by_mean[0].mean()),
        point_marginal=float((~(by_mean[0] | by_mean[1])).mean()),
        point_failed=float(by_mean[1].mean()),
    )
