"""PPI++ by hand, its limits, and against one-sample formulas of the paper."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.statistics.ppi import Judgements, debiased_difference, power_tuned
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.core.seeds import generator


def drawn(n: int = 80, rest: int = 800, *, bias: float = 0.0, seeds: int = 1) -> Judgements:
    rng = generator(3, "ppi")
    people = rng.normal(0.01, 0.2, (seeds, n + rest))
    model = people + bias + rng.normal(0, 0.1, (seeds, n + rest))
    return Judgements(people[:, :n], model[:, :n], model[:, n:])


def test_one_seed_is_the_papers_estimate_and_variance() -> None:
    part = drawn()
    found = debiased_difference([part])
    y, f, rest = part.human[0], part.model[0], part.rest[0]
    weight = np.cov(y, f)[0, 1] / f.var(ddof=1) / (1 + 80 / 800)
    assert found.weights == (pytest.approx(weight),)
    assert found.value == pytest.approx(weight * rest.mean() + (y - weight * f).mean())
    error = ((weight * rest).var(ddof=1) / 800 + (y - weight * f).var(ddof=1) / 80) ** 0.5
    assert found.half_width == pytest.approx(1.96 * error, rel=0.03)  # Student's t against 1.96


@pytest.mark.parametrize("bias", [0.02, -0.3])
def test_the_models_bias_leaves_nothing_behind(bias: float) -> None:
    plain, biased = (debiased_difference([drawn(bias=one, seeds=3)]) for one in (0.0, bias))
    assert biased.value == pytest.approx(plain.value, abs=1e-12)
    assert biased.half_width == pytest.approx(plain.half_width, abs=1e-12)


def test_a_model_that_knows_nothing_leaves_people_alone() -> None:
    part = drawn()
    noise = generator(4, "noise").normal(size=part.model.shape)
    opposed = Judgements(part.human, -part.human + 0.01 * noise, part.rest)
    assert power_tuned(opposed) == 0.0
    found = debiased_difference([opposed])
    assert found.value == pytest.approx(part.human.mean())
    alone = mean_squares([part.human]).half_width(0.95)
    assert found.half_width == pytest.approx(alone, rel=1e-6)


def test_a_model_that_says_nothing_of_more_queries_has_no_weight() -> None:
    part = drawn()
    assert power_tuned(part) > 0
    assert power_tuned(Judgements(part.human, part.model, part.rest[:, :0])) == 0.0
    assert power_tuned(Judgements(part.human, part.model * 0 + 0.25, part.rest)) == 0.0
    one, y, f = Judgements(part.human, part.model, part.rest[:, :1]), part.human[0], part.model[0]
    assert power_tuned(one) == pytest.approx(np.cov(y, f)[0, 1] / f.var(ddof=1) / (1 + 80))


def test_a_perfect_model_counts_every_query() -> None:
    part = drawn()
    perfect = Judgements(part.human, part.human, part.rest)
    assert power_tuned(perfect) == pytest.approx(800 / 880)


def test_equal_weight_to_data_sets_and_shared_seeds() -> None:
    one, two = drawn(seeds=3), drawn(40, 200, seeds=3)
    both = debiased_difference([one, two])
    apart = [debiased_difference([part]).value for part in (one, two)]
    assert both.value == pytest.approx(np.mean(apart))


def test_too_few_by_people_is_refused() -> None:
    with pytest.raises(ValueError, match="judgements of shapes"):
        debiased_difference([drawn(9)])
