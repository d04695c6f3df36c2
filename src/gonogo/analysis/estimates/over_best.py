"""The gain over the best of several baselines, when the same scores say which is the best.

The smallest of several measured gains is too small on average: of baselines that are equally good,
the one that noise favours is called the best. Three figures stand side by side:

*value*, the smallest measured gain.

*adjusted*, the mean over all ways to choose the best baseline by one half of the evidence and to
measure the gain over it on the other half. With D the measured gains, S their covariance and Z
drawn from N(0, S), choose k by the smallest of D + Z and measure D_k - Z_k: both are independent,
each with twice the variance, and the average over Z loses nothing of the evidence. It has no bias
for the gain over the baseline that is so chosen, and none at all for equally good ones. More than
the largest measured gain is never claimed: for two equally good baselines that leaves some
twentieth of a standard error unclaimed.

*interval*, of the gain over the baseline that truly is the best. Its lower end is the smallest
lower end of all: to be above the least gain by mistake, it must be so for one given baseline. Its
upper end is the smallest of upper ends that hold together: their level allows for how the gains
correlate (they share the candidate), and is never above Bonferroni's.

Sources: Rasines & Young, Biometrika 110 (2023) (randomised splits, eq. 2); Leiner, Duan, Wasserman
& Ramdas, JASA 120 (2025) (data fission); Harris, arXiv:1607.08256 (2016) (averaging over the
randomisation); Berger, Technometrics 24 (1982) (the lower end).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.effects import Paired, canonical
from gonogo.analysis.estimates.estimates import difference_estimate
from gonogo.analysis.estimates.layout import Layout, data_set_table
from gonogo.analysis.records.effects import Estimate, Interval
from gonogo.analysis.tables.strata import Strata, Values
from gonogo.core.seeds import generator

_DRAWS = 20_000


@dataclass(frozen=True)
class OverBest:
    """What several baselines allow to be said."""

    estimate: Estimate
    """Of the gain over the best of them."""
    highs: Mapping[str, float]
    """Upper ends of the gains over each baseline that hold together; infinite without interval."""


def over_best(pairs: Sequence[Paired]) -> OverBest | None:
    """Estimate the gain of one candidate over the best of several baselines.

    Args:
        pairs: the candidate against each baseline, on the same data sets and queries.

    Returns:
        None for fewer than two baselines.
    """
    if len(pairs) < 2:
        return None
    level = pairs[0].level
    aligned = [_aligned(pair, pairs[0]) for pair in pairs]
    layouts = [pair.layout(pair.strata) for pair in pairs]
    found = [
        _Gain(pair.reference, strata, _with_clusters(pair, pairs[0], layout), level)
        for pair, strata, layout in zip(pairs, aligned, layouts, strict=True)
    ]
    gains = sorted(found, key=lambda gain: gain.value)
    noise = _noise(_covariance(gains))
    values = np.array([gain.value for gain in gains])
    strict = _joint_level(noise, level)
    highs = {gain.baseline: gain.high(strict) for gain in gains}
    interval = _interval(gains, highs, level)
    adjusted = adjusted_least(values, noise)
    if interval is not None:
        adjusted = min(max(adjusted, interval.low), interval.high)
    best = gains[0].estimate
    update = {"adjusted": adjusted, "interval": interval}
    return OverBest(best.model_copy(update=update), highs)


class _Gain:
    """The candidate against one baseline."""

    def __init__(self, baseline: str, strata: Strata, layout: Layout, level: float) -> None:
        self.baseline, self.strata, self.layout = baseline, strata, layout
        self.estimate = difference_estimate(strata, level, bootstrap_draws=0, layout=layout)
        self.value = float(self.estimate.value or 0.0)

    @property
    def reference(self) -> Values:
        return [reference for reference, _ in self.strata]

    @property
    def candidate(self) -> Values:
        return [candidate for _, candidate in self.strata]

    def high(self, level: float) -> float:
        """Return the upper end of the interval at another level."""
        strict = difference_estimate(self.strata, level, bootstrap_draws=0, layout=self.layout)
        return float("inf") if strict.interval is None else strict.interval.high


def _order(first: Paired) -> list[str]:
    return [stratum.dataset for stratum in canonical(first.strata)]


def _aligned(pair: Paired, first: Paired) -> Strata:
    own = {stratum.dataset: stratum for stratum in pair.strata}
    return [(own[name].reference, own[name].candidate) for name in _order(first)]


def _with_clusters(pair: Paired, first: Paired, layout: Layout) -> Layout:
    own = {stratum.dataset: stratum.clusters for stratum in pair.strata}
    clusters = None if layout.clusters is None else [own[name] for name in _order(first)]
    return Layout(clusters, layout.bounds, layout.paired, layout.sample)


def _variance(less: Values, more: Values, layout: Layout) -> float:
    if layout.sample and len(less) > 1:
        tables = data_set_table(less), data_set_table(more)
        return layout.by_data_set().parts(*tables).variance
    return layout.parts(less, more).variance


def _covariance(gains: Sequence[_Gain]) -> Float[np.ndarray, "baselines baselines"]:
    """Return the covariance of the gains; two of them differ by what their baselines differ."""
    own = [_variance(gain.reference, gain.candidate, gain.layout) for gain in gains]
    found = np.diag(own)
    paired = all(gain.layout.paired for gain in gains)
    for j, one in enumerate(gains):
        for k, other in enumerate(gains[:j]):
            layout = Layout(one.layout.clusters, None, paired, one.layout.sample)
            apart = _variance(one.reference, other.reference, layout)
            found[j, k] = found[k, j] = (own[j] + own[k] - apart) / 2
    return found


def _noise(
    covariance: Float[np.ndarray, "baselines baselines"],
) -> Float[np.ndarray, "draws baselines"]:
    """Draw errors of the gains, each with its opposite."""
    spread, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(spread, 0.0))
    rng = generator(0, "best baseline", len(covariance))
    half = rng.normal(size=(_DRAWS // 2, len(covariance))) @ root.T
    return np.concatenate([half, -half])


def adjusted_least(
    values: Float[np.ndarray, " baselines"], noise: Float[np.ndarray, "draws baselines"]
) -> float:
    """Return the mean gain over the baseline that one half chooses, within those measured.

    Args:
        values: measured gains.
        noise: draws of their errors.
    """
    chosen = (values + noise).argmin(axis=1)
    measured = values[chosen] - noise[np.arange(len(noise)), chosen]
    return float(min(max(measured.mean(), values.min()), values.max()))


def _joint_level(noise: Float[np.ndarray, "draws baselines"], level: float) -> float:
    """Return the level of each interval at which all upper ends hold together in (1 + level) / 2.

    Errors are taken to depend on each other as normal ones of their correlation do.
    """
    from scipy.special import ndtr

    spread = noise.std(axis=0)
    tail, count = (1 - level) / 2, noise.shape[1]
    strictest = 1 - tail / count
    if (spread <= 0).any():
        return float(2 * strictest - 1)
    highest = ndtr((noise / spread).max(axis=1))
    return float(2 * min(strictest, float(np.quantile(highest, 1 - tail))) - 1)


def _interval(gains: Sequence[_Gain], highs: Mapping[str, float], level: float) -> Interval | None:
    known = [gain.estimate.interval for gain in gains if gain.estimate.interval is not None]
    if len(known) < len(gains):
        return None
    low = min(interval.low for interval in known)
    update = {
        "method": f"{known[0].method}, over the best of {len(gains)} baselines",
        "level": level,
        "low": low,
        "high": max(low, min(highs.values())),
        "df": None,
    }
    return known[0].model_copy(update=update)
