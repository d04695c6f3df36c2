"""The shipped isotropy studies at their tiers: what is in domain, what learns, and how fast."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from study_values import write_beir

from gonogo.core.workplace import Workplace
from gonogo.models.build.build import build_model
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.rule.gates import ImprovementGate
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.study.deciding.domains import in_domain
from gonogo.study.folder.scored import scored_datasets
from gonogo.study.folder.shipped import find_study
from gonogo.training.loop.learning_rate import learning_rates, warmup_steps
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.parts.schedules import plan_steps

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
    cpu = in_domain(study(name, "cpu"))
    if name == "isotropy":
        assert cpu == tuple(f"python-api/{part}" for part in ("stdlib", "numpy", "scipy", "torch"))
    else:
        assert cpu == ("scifact", "nfcorpus_preprocessed")
    assert in_domain(study(name, "smoke")) == ("python-api/stdlib", "python-api/numpy")


def step_count(config: TrialConfig) -> int:
    """Return the optimiser steps where every set has as many queries as the tier takes of it."""
    task, training = config.tasks["embed"], config.training
    examples = len(task.data) * (task.max_queries or 1500) * (task.positives_per_query or 1)
    return math.ceil(training.epochs * examples / task.batch_size / training.accumulation)


@pytest.mark.parametrize("name", STUDIES)
def test_the_rate_of_the_cpu_tier_reaches_its_peak_and_decays(name: str) -> None:
    for config in study(name, "cpu").arms.values():
        training, count = config.training, step_count(config)
        steps = plan_steps(config.schedule, {"embed": count}, training)
        rates = [learning_rates(training, step, at, count)[0] for at, step in enumerate(steps)]
        assert len(rates) == count
        warm = math.ceil(training.warmup * count)
        assert warmup_steps(training.warmup, count) == warm
        assert rates.index(max(rates)) == warm - 1
        assert max(rates) == training.learning_rate
        assert rates[-1] < 0.01 * training.learning_rate


@pytest.mark.parametrize("name", STUDIES)
def test_the_average_of_beir_leaves_out_what_was_trained_on(name: str) -> None:
    full = study(name, "full")
    scored = scored_datasets(full.evaluation)["embed"]
    assert len(set(scored) - set(in_domain(full))) == 14


@pytest.fixture(scope="session")
def as_wide_as_minilm(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_folder: Path) -> Path:
    """Return a folder with one layer of a BERT of 384 dimensions."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("wide") / "encoder"
    shutil.copytree(tiny_encoder_folder, folder)
    small = BertConfig.from_pretrained(folder)
    sizes = {"hidden_size": 384, "num_hidden_layers": 1, "intermediate_size": 32}
    BertModel(BertConfig(**{**small.to_dict(), **sizes})).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("arm", ["frozen_efficient", "baseline"])
def test_what_learns_is_the_projection_and_no_head_on_pairs(
    tmp_path: Path, as_wide_as_minilm: Path, monkeypatch: pytest.MonkeyPatch, arm: str
) -> None:
    projection = (384 + 1) * 768 + (768 + 1) * 512
    assert projection == 689_408
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    write_beir(tmp_path / "left", 30)
    sets = (f"model.backbone={as_wide_as_minilm}", "tasks.embed.data=[left]")
    budget = "training.token_budget=2048"
    config = resolve(find_study("isotropy"), "full", (*sets, budget)).arms[arm]
    model = build_model(config.model, 42)
    build_tasks(config, 42, model, Workplace(tmp_path))
    [heads] = [group for group in model.parameter_groups() if group.rate == "head"]
    in_heads = sum(value.numel() for value in heads.parameters.values())
    assert in_heads == projection
    own = sum(value.numel() for value in model.backbone.parameters())
    assert model.count_trainable() == projection + (own if arm == "baseline" else 0)


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
