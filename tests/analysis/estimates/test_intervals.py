"""Intervals of differences and ratios: few differing queries, clusters, own seeds, sampled sets."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gonogo.analysis.estimates.estimates import difference_estimate, mean_estimate, ratio_estimate
from gonogo.analysis.estimates.intervals import NO_QUERY_DIFFERS, ONE_RUN
from gonogo.analysis.estimates.layout import Layout
from gonogo.analysis.statistics.fieller import fieller_interval

UNIT = Layout(bounds=(0.0, 1.0))


def scores(seeds: int, queries: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.3, 0.7, (seeds, queries))


def interval(strata, layout=UNIT, estimate=difference_estimate):
    found = estimate(strata, bootstrap_draws=0, layout=layout).interval
    assert found is not None
    return found


@pytest.mark.parametrize(("seeds", "queries"), [(1, 5), (3, 50), (3, 10_000)])
def test_arms_that_tie_everywhere_have_all_that_can_be(seeds: int, queries: int) -> None:
    same = scores(seeds, queries)
    found = interval([(same, same)])
    assert (found.method, found.low, found.high) == (NO_QUERY_DIFFERS, -1.0, 1.0)
    ratio = interval([(same, same)], estimate=ratio_estimate)
    assert (ratio.low, ratio.high) == pytest.approx((1 - 1 / same.mean(), 1.0))


def test_two_queries_and_two_seeds_decide_nothing() -> None:
    reference = np.array([[0.4, 0.5], [0.4, 0.5]])
    candidate = reference - np.array([[0.1, 0.1], [0.1, 0.1001]])
    found = interval([(reference, candidate)])
    assert found.low < -0.5
    assert found.high > 0.3


def test_one_lost_query_of_fifty_does_not_show_a_loss_of_two_points() -> None:
    reference = np.ones((3, 50))
    candidate = reference.copy()
    candidate[:, 7] = 0.0
    found = interval([(reference, candidate)])
    assert found.method.endswith("few differ")
    assert found.low < -0.1
    assert found.high > 0.04


def test_many_differing_queries_keep_the_usual_interval() -> None:
    strata = [(scores(3, 60), scores(3, 60, 1))]
    assert interval(strata).low == interval(strata, Layout()).low


def test_a_level_at_the_ceiling_is_no_point() -> None:
    found = mean_estimate([np.ones((3, 40))], layout=UNIT).interval
    assert found is not None
    assert found.low < 0.95
    assert found.high == 1.0


def test_equal_clusters_are_judged_by_their_means() -> None:
    """One seed, clusters of one size: Student's t of the cluster means."""
    reference, candidate = scores(1, 60), scores(1, 60, 1)
    layout = Layout(clusters=[np.repeat(np.arange(12), 5)], bounds=(0.0, 1.0))
    means = (candidate - reference).reshape(12, 5).mean(axis=1)
    low, high = stats.t.interval(0.95, 11, means.mean(), stats.sem(means))
    found = interval([(reference, candidate)], layout)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.method == "clusters"


def test_own_seeds_add_each_arms_noise() -> None:
    reference, candidate = scores(3, 80), scores(2, 80, 1)
    found = interval([(reference, candidate)], Layout(paired=False))
    assert found.method == "unpaired seeds x queries"
    one = interval([(reference[:1], candidate)], Layout(paired=False))
    assert one.note == ONE_RUN
    estimate = difference_estimate([(reference, candidate)], layout=Layout(paired=False))
    assert estimate.value == pytest.approx(candidate.mean() - reference.mean())
    assert estimate.seeds == 2


def test_unpaired_variance_without_query_noise_is_welchs() -> None:
    """Seeds that shift all queries alike: the two-sample problem on the seed means."""
    shift = np.array([[0.01], [0.05], [0.03]]), np.array([[0.10], [0.02]])
    base = scores(1, 50)
    strata = [(base + shift[0], base + shift[1])]
    found = interval(strata, Layout(paired=False))
    parts = [s.var(ddof=1) / len(s) for s in shift]
    t = [stats.t.ppf(0.975, len(s) - 1) for s in shift]
    half = sum(p * q for p, q in zip(parts, t, strict=True)) / sum(parts) ** 0.5
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=1e-6)


def test_sampled_data_sets_have_hartung_knapps_interval() -> None:
    """One seed, so many queries that only data sets vary: t of the effects, K - 1 degrees."""
    effects = [0.05, 0.01, -0.02, 0.08]
    strata = [(np.full((1, 9), 0.4), np.full((1, 9), 0.4 + e)) for e in effects]
    found = interval(strata, Layout(sample=True))
    low, high = stats.t.interval(0.95, 3, np.mean(effects), stats.sem(effects))
    assert (found.low, found.high) == pytest.approx((low, high))
    estimate = difference_estimate(strata, bootstrap_draws=0, layout=Layout(sample=True))
    assert estimate.others[0].method == "queries"


def test_seed_noise_that_all_data_sets_share_is_kept() -> None:
    shift = np.array([[0.0], [0.04], [0.08]])
    strata = [(np.full((3, 9), 0.4), 0.4 + e + np.repeat(shift, 9, axis=1)) for e in (0.0, 0.01)]
    found = interval(strata, Layout(sample=True))
    assert (found.high - found.low) / 2 >= stats.t.ppf(0.975, 2) * stats.sem(shift[:, 0]) - 1e-12


def test_the_ratio_has_fiellers_interval() -> None:
    reference, candidate = scores(3, 60), scores(3, 60, 1)
    found = interval([(reference, candidate)], estimate=ratio_estimate)
    peer = fieller_interval([reference - candidate], [reference])
    assert (found.low, found.high) == pytest.approx(peer)


def test_a_specialist_that_may_be_zero_has_no_interval() -> None:
    reference = np.zeros((1, 300))
    reference[0, 0] = 1.0
    found = ratio_estimate([(reference, np.zeros((1, 300)))], bootstrap_draws=0, layout=UNIT)
    assert found.value == pytest.approx(1.0)
    assert found.interval is None
