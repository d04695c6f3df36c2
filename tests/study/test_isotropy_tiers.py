"""The shipped isotropy studies at their tiers: what is in domain, and a schedule that decays."""

from __future__ import annotations

import pytest

from gonogo.spec.gates import ImprovementGate
from gonogo.spec.resolve import resolve
from gonogo.spec.study import ResolvedStudy
from gonogo.study.domains import in_domain
from gonogo.study.shipped import find_study
from gonogo.training.learning_rate import learning_rates, warmup_steps
from gonogo.training.schedules import plan_steps

STUDIES = ("isotropy", "isotropy_weights")


def study(name: str, tier: str) -> ResolvedStudy:
    return resolve(find_study(name), tier)


@pytest.mark.parametrize("name", STUDIES)
def test_msmarco_is_in_domain_though_training_has_another_name_for_it(name: str) -> None:
    full = study(name, "full")
    assert in_domain(full) == ("BeIR/msmarco",)
    [data] = full.arms[next(iter(full.arms))].tasks["embed"].data
    assert data.name == "sentence-transformers/msmarco-bm25/triplet"


@pytest.mark.parametrize("name", STUDIES)
def test_other_tiers_have_the_sets_that_they_train_on_themselves(name: str) -> None:
    assert in_domain(study(name, "cpu")) == ("scifact", "nfcorpus_preprocessed")
    assert in_domain(study(name, "smoke")) == ("python-api/stdlib", "python-api/numpy")


@pytest.mark.parametrize("name", STUDIES)
def test_the_rate_of_the_cpu_tier_reaches_its_peak_and_decays(name: str) -> None:
    """300 steps: four sets, 400 queries each, 16 a batch, three epochs."""
    for config in study(name, "cpu").arms.values():
        training = config.training
        steps = plan_steps(config.schedule, {"embed": 300}, training)
        rates = [learning_rates(training, step, at, 300)[0] for at, step in enumerate(steps)]
        assert warmup_steps(training.warmup, 300) == 30
        assert rates.index(max(rates)) == 29
        assert max(rates) == training.learning_rate
        assert rates[-1] < 0.001 * training.learning_rate


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("tier", ["full", "cpu", "smoke"])
def test_every_tier_shows_the_bare_backbone_and_scores_as_gonogo_evaluate_does(
    name: str, tier: str
) -> None:
    found = study(name, tier)
    assert isinstance(found.gate, ImprovementGate)
    for config in found.arms.values():
        assert [row.name for row in config.evaluation.references] == [
            *("bm25", "backbone", "untrained"),
        ]
        assert config.evaluation.metrics == ("nDCG@10", "RR@10", "R@100", "AP@100")
