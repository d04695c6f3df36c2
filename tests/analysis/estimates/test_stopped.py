"""Estimates of studies that were looked at: pulled towards the lines by what looking cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gonogo.analysis.estimates.effects import Paired, effect
from gonogo.analysis.estimates.sequential import look_level
from gonogo.analysis.estimates.stopped import Looks, adjusted_for_looks, simulated_ends
from gonogo.analysis.promised.judged import Stratum
from gonogo.analysis.statistics.variance import MeanSquares


def parts(done: int, seed: float = 0.02, query: float = 0.01) -> MeanSquares:
    """Variances of a study with so many seeds."""
    return MeanSquares(done, (400,), seed**2 / done, (query**2,), (0.0,))


def test_without_a_look_that_could_stop_nothing_is_adjusted() -> None:
    assert adjusted_for_looks(0.3, parts(2), Looks(2, 2, (0.0,))) == 0.3
    assert (
        adjusted_for_looks(0.3, MeanSquares(3, (4,), 0.0, (0.0,), (0.0,)), Looks(3, 5, (0.0,)))
        == 0.3
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_early_stop_far_from_the_line_is_pulled_towards_it(sign: float) -> None:
    found = adjusted_for_looks(sign * 0.06, parts(6), Looks(6, 10, (0.0,)))
    assert 0.0 < sign * found < 0.06


def test_far_beyond_all_lines_every_study_stops_and_nothing_is_off() -> None:
    ends = simulated_ends(parts(2), Looks(2, 3, (0.0,)))
    assert (ends.last(9.0) == 0).all()
    assert ends.bias(9.0) == pytest.approx(0.0, abs=1e-12)
    assert adjusted_for_looks(9.0, parts(2), Looks(2, 3, (0.0,))) == pytest.approx(9.0, abs=1e-4)


def test_mirrored_lines_mirror_the_estimate() -> None:
    up = adjusted_for_looks(0.05, parts(4), Looks(4, 8, (0.01, 0.02)))
    down = adjusted_for_looks(-0.05, parts(4), Looks(4, 8, (-0.02, -0.01)))
    assert up == pytest.approx(-down, abs=1e-5)


def test_simulated_studies_end_as_often_as_plainly_simulated_ones(rng) -> None:
    """An independent loop over seeds, with the interval written out."""
    from scipy.stats import t

    planned, effect, lines = 5, 0.03, (0.0,)
    ends = simulated_ends(parts(5), Looks(5, planned, lines), draws=4_000)
    early = np.mean(ends.last(effect) < planned - 2)
    count, stops = 1_500, 0
    seeds = effect + 0.02 * rng.normal(size=(count, planned)) + 0.01 * rng.normal(size=(count, 1))
    for study in seeds:
        for done in range(2, planned):
            tail = (1 + look_level(done, planned)) / 2
            own = study[:done].var(ddof=1) / done * t.ppf(tail, done - 1) ** 2
            if abs(study[:done].mean()) > (own + 0.01**2 * t.ppf(tail, 399) ** 2) ** 0.5:
                stops += 1
                break
    assert early == pytest.approx(stops / count, abs=0.04)


def test_over_all_studies_the_adjusted_estimate_is_nearer() -> None:
    """At the effect whose figure at the end is farthest off; other draws than the estimate's."""
    looks = Looks(10, 10, (0.0,))
    ends, fresh = (simulated_ends(parts(10), looks, draws=draws) for draws in (4_000, 4_002))
    effects = np.linspace(-0.02, 0.1, 61)
    figures = effects + [ends.bias(effect) for effect in effects]
    true = float(effects[np.argmax(figures - effects)])
    last = fresh.last(true)
    error = fresh.error[np.arange(len(last)), last]
    adjusted = np.interp(true + error, figures, effects)
    assert abs(adjusted.mean() - true) < 0.5 * error.mean()
    for figure, one in list(zip(true + error, adjusted, strict=True))[:3]:
        assert adjusted_for_looks(figure, parts(10), looks) == pytest.approx(one, abs=5e-4)


def test_an_effect_that_was_looked_at_tells_so(rng) -> None:
    reference = 0.5 + 0.05 * rng.normal(size=(3, 60))
    candidate = reference + 0.02 + 0.05 * rng.normal(size=(3, 60))
    strata = (Stratum("set", tuple(map(str, range(60))), reference, candidate),)
    plain = Paired("task", "nDCG@10", "old", "new", strata, (1, 2, 3))
    looks = Looks(3, 6, (0.0, 0.01))
    watched = replace(plain, level=looks.level, looks=looks)
    assert effect(plain, ratio=False).difference.adjusted is None
    found = effect(watched, ratio=False)
    assert found.difference.adjusted < found.difference.value
    assert "after seed 3 of 6" in found.notes[0]
    lost = effect(watched, ratio=True)
    assert lost.ratio.adjusted is not None
    assert lost.difference.adjusted is None
