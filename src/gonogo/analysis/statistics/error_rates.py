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
    """Shares of simulated studies; the three verdicts add up to 1."""

    passed: float
    marginal: float
    failed: float
    passed_supported: float
    """PASS with some task's whole interval at or above the ``pass`` line."""
    failed_supported: float
    """FAIL with every task's whole interval below the ``pass`` line: absence shown."""


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
    """Simulate the gate: PASS if any task reaches ``pass_``, FAIL if all stay below ``fail``.

    Args:
        true: the true effect on every task, in the units of the thresholds.
        components: its variances (``Components.from_pilot`` of one's own scores, or defaults).
        seeds: of each study. One seed's interval is over queries only, but its estimate still
            carries that seed's noise.
        queries: of each study, over all data sets.
        tasks: independent tasks that the gate looks at.
        pass_: threshold of PASS.
        fail: threshold of FAIL.
        level: of the intervals that support a verdict.
        draws: simulated studies.
        seed: of the simulation.
    """
    studies = _simulated(true, components, seeds, queries, (draws, tasks), level, seed)
    passed = (studies.value >= pass_ - 1e-9).any(axis=1)
    failed = (studies.value < fail - 1e-9).all(axis=1)
    shown = (studies.low >= pass_).any(axis=1)
    absent = (studies.high < pass_).all(axis=1)
    return VerdictRates(
        passed=float(passed.mean()),
        marginal=float((~passed & ~failed).mean()),
        failed=float(failed.mean()),
        passed_supported=float((passed & shown).mean()),
        failed_supported=float((failed & absent).mean()),
    )
