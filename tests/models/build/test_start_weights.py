"""Models that start from the weights of other ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from gonogo.core.errors import UserError
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import FullTuning, LoraAdapter, ModelSpec, TextModel, VectorModel
from gonogo.spec.next_vector.towers import AttentionContext, GruContext, QueryTower

TOWER = QueryTower(dimension=8, encoder=GruContext(hidden=4))


def moved(spec: ModelSpec, folder: Path) -> nn.Module:
    """Save a model, every learned weight of which was moved, and return it."""
    model = build_model(spec, 3)
    with torch.no_grad():
        for value in model.trainable().values():
            value.add_(0.25)
    model.save(folder)
    return model


def started(spec: ModelSpec, start: object, seed: int = 7, **options: Path) -> nn.Module:
    return build_model(spec.model_copy(update={"start_from": str(start)}), seed, **options)


def text(folder: Path, **changes: object) -> TextModel:
    settings = {"backbone": str(folder), "adapter": LoraAdapter(rank=2)} | changes
    return TextModel.model_validate(settings)


@pytest.mark.parametrize("spec", [TOWER, VectorModel(dimension=8)], ids=["tower", "vectors"])
def test_every_weight_is_the_other_models(spec: ModelSpec, tmp_path: Path) -> None:
    other = moved(spec, tmp_path / "saved")
    model = started(spec, "saved", beside=tmp_path)
    fresh = build_model(spec, 7).state_dict()
    for name, value in other.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=0, atol=0)
    assert any(not torch.equal(fresh[name], value) for name, value in other.state_dict().items())


@pytest.mark.parametrize("adapter", [LoraAdapter(rank=2), FullTuning()], ids=["lora", "full"])
def test_a_text_model_takes_adapter_and_heads(
    tiny_encoder_folder: Path, tmp_path: Path, adapter: object
) -> None:
    spec = text(tiny_encoder_folder, adapter=adapter)
    other = moved(spec, tmp_path / "saved")
    model = started(spec, tmp_path / "saved")
    assert isinstance(model, RetrievalModel)
    assert isinstance(other, RetrievalModel)
    learned = other.trainable()
    assert learned.keys() == model.trainable().keys()
    for name, value in model.trainable().items():
        torch.testing.assert_close(value, learned[name], rtol=0, atol=0)
    texts = ["a b c", "d e"]
    for both in (model, other):
        both.eval()
    ids = [each.bi_encoder.tokenize(texts, "passage") for each in (model, other)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            TOWER.model_copy(update={"encoder": GruContext(hidden=6)}),
            r"encoder.gru.weight_ih_l0 is \(12, 8\) there, \(18, 8\) here",
        ),
        (
            TOWER.model_copy(update={"encoder": AttentionContext(hidden=6, heads=2, width=4)}),
            "is absent there",
        ),
        (VectorModel(dimension=8), "is absent there"),
    ],
    ids=["shape", "encoder", "kind"],
)
def test_what_does_not_fit_is_told_by_its_first_weight(
    spec: ModelSpec, told: str, tmp_path: Path
) -> None:
    moved(TOWER, tmp_path / "saved")
    with pytest.raises(UserError, match=told) as error:
        started(spec, tmp_path / "saved")
    assert "\n" not in str(error.value)


def test_another_rank_is_told(tiny_encoder_folder: Path, tmp_path: Path) -> None:
    moved(text(tiny_encoder_folder), tmp_path / "saved")
    with pytest.raises(UserError, match=r"lora_A.default.weight is \(2, 32\) there, \(3, 32\)"):
        started(text(tiny_encoder_folder, adapter=LoraAdapter(rank=3)), tmp_path / "saved")


def test_a_trial_gives_its_best_and_an_arm_each_seeds_own(tmp_path: Path) -> None:
    arm = tmp_path / "trials/gru"
    saved = {
        (seed, name): moved(TOWER, arm / f"seed_{seed}/checkpoints/{name}").state_dict()
        for seed, name in ((1, "best"), (1, "final"), (2, "final"))
    }
    with torch.no_grad():
        other = build_model(TOWER, 9)
    other.save(arm / "seed_1/checkpoints/final")
    (arm / "seed_1/trial.yaml").write_text("{}")
    for place, seed, expected in (
        (arm / "seed_1", 7, saved[1, "best"]),
        (arm, 1, saved[1, "best"]),
        (arm, 2, saved[2, "final"]),
        (arm / "seed_1/checkpoints/final", 7, other.state_dict()),
    ):
        found = started(TOWER, place, seed).state_dict()
        assert all(torch.equal(found[name], value) for name, value in expected.items())
    with pytest.raises(UserError, match=r"no arm with seed 3 \(found seed_1, seed_2\)"):
        started(TOWER, arm, 3)
