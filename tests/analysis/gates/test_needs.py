"""What would decide: numbers that follow from the study's own variances."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.estimates.thresholds import band_verdict
from gonogo.analysis.gates.needs import Needs, what_decides
from gonogo.analysis.gates.support import FEWEST_QUERIES
from gonogo.analysis.statistics.power import TIR_DEFAULTS, Components, minimum_detectable
from gonogo.spec.rule.gate_parts import Verdict


def band(value: float) -> Verdict:
    return band_verdict(value, 0.02, 0.01)


def values(mean: float, seed_sd: float, query_sd: float, seeds: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    shift, own = rng.normal(0, seed_sd, (seeds, 1)), rng.normal(0, query_sd, (1, 200))
    block = shift - shift.mean() + own - own.mean() + rng.normal(0, query_sd / 5, (seeds, 200))
    return [block - block.mean() + mean]


def test_the_count_is_the_first_whose_detectable_effect_leaves_one_band() -> None:
    from gonogo.analysis.statistics.power import Components

    own = values(0.05, 0.02, 0.1)
    found = what_decides([own], band, max, TIR_DEFAULTS, seeded=True)
    parts = Components.from_pilot(own, TIR_DEFAULTS)
    assert found.seeds is not None
    assert minimum_detectable(parts, found.seeds, 200) <= 0.03
    assert minimum_detectable(parts, found.seeds - 1, 200) > 0.03


def test_an_estimate_on_a_line_is_decided_by_nothing() -> None:
    found = what_decides([values(0.02, 0.02, 0.1)], band, max, TIR_DEFAULTS, seeded=True)
    assert found.words.startswith("no number of seeds up to 1,000 or of queries up to 1,000,000")


def test_systems_without_seeds_need_queries_alone() -> None:
    found = what_decides([values(0.05, 0.0, 0.3, seeds=1)], band, max, TIR_DEFAULTS, seeded=False)
    assert found.seeds is None
    assert found.queries is not None
    assert found.queries > 200
    assert found.words.endswith("(from this study's own variances)")


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (Needs(9, None, 3, 200, True), "about 9 seeds with these queries would decide"),
        (Needs(None, 900, 3, 200, True), "about 900 queries in all with these 3 seeds would"),
        (Needs(4, 500, 1, 200, False), "about 4 seeds with these queries would decide"),
    ],
)
def test_the_words_name_each_way_alone(needs: Needs, words: str) -> None:
    assert needs.words.startswith(words)
    assert ("an assumed seed noise" in needs.words) != needs.seed_noise_measured


def test_fewer_queries_than_can_decide_are_never_enough() -> None:
    two = [[np.array([[0.05, 0.06], [0.05, 0.06]])]]
    usual = Components(seed=1e-6, query=1e-6, residual=1e-6)
    found = what_decides(two, band, min, usual, seeded=True)
    assert found.queries is not None
    assert found.queries >= FEWEST_QUERIES
    assert found.seeds is None  # more seeds on two queries decide nothing
    assert found.either
