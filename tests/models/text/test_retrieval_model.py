"""Saving and loading: equal bit for bit, in the layouts that other tools read, and guarded."""

from __future__ import annotations

import json

import pytest
import torch
from model_cases import PAIRS, TEXTS, padded

from gonogo.core.errors import UserError
from gonogo.models.build.build import build_model, load_model
from gonogo.spec.model.model import Frozen, FullTuning, LoraAdapter, MlpScoring, TextModel
from gonogo.spec.model.projections import MlpProjection


def outputs(model):
    bi, cross = model.bi_encoder, model.cross_encoder
    with torch.no_grad():
        return (
            bi(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id)),
            cross(*padded(cross.tokenize(PAIRS), cross.pad_id)),
        )


def changed(model):
    """Return the model with every learnable value moved, as training would."""
    random = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for value in model.trainable().values():
            value += 0.05 * torch.randn(value.shape, generator=random)
    return model


@pytest.mark.parametrize("kind", ["encoder", "decoder", "decoder_mlp"])
@pytest.mark.parametrize("adapter", [LoraAdapter(rank=2), FullTuning(), Frozen()])
def test_round_trip_is_equal_bit_for_bit(
    adapter, kind, tiny_encoder_folder, tiny_decoder_folder, tmp_path
):
    folder = tiny_encoder_folder if kind == "encoder" else tiny_decoder_folder
    scoring = MlpScoring(hidden=8) if kind == "decoder_mlp" else None
    spec = TextModel(backbone=str(folder), adapter=adapter, scoring=scoring)
    fresh = build_model(spec, 1)
    before = outputs(fresh)
    model = changed(fresh)
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.spec == spec
    assert list(loaded.trainable()) == list(model.trainable())
    for mine, theirs in zip(outputs(model), outputs(loaded), strict=True):
        assert torch.equal(mine, theirs)
    if model.trainable() and kind != "decoder":
        assert not torch.equal(before[1], outputs(model)[1])


def shape(**heads):
    """Return a model of a frozen backbone of 32 dimensions, with a projection 32 -> 64 -> 12."""
    projection = MlpProjection(widening=2, dimension=12)
    return {"adapter": Frozen(), "projection": projection, "scoring": MlpScoring(hidden=8)} | heads


EMBEDS, SCORES = 32 * 64 + 64 + 64 * 12 + 12, 32 * 8 + 8 + 8 + 1


@pytest.mark.parametrize(
    ("embedding", "scoring", "count"),
    [(True, False, EMBEDS), (False, True, SCORES), (True, True, EMBEDS + SCORES)],
)
def test_a_head_that_nothing_teaches_is_neither_counted_nor_lost(
    embedding, scoring, count, tiny_encoder_folder, tmp_path
):
    model = build_model(TextModel(backbone=str(tiny_encoder_folder), **shape()), 1)
    heads = {"embedding": embedding, "scoring": scoring}
    model.learn_heads({name for name, used in heads.items() if not used})
    model.learn_heads({name for name, used in heads.items() if used})  # the last word counts
    assert model.count_trainable() == count
    assert {name.split(".")[0] for name in model.trainable()} == {
        name for name, used in (("bi_encoder", embedding), ("cross_encoder", scoring)) if used
    }
    [group] = model.parameter_groups()
    assert (group.name, group.rate) == ("heads", "head")
    assert dict(group.parameters) == model.trainable()
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    for mine, theirs in zip(outputs(model), outputs(loaded), strict=True):
        assert torch.equal(mine, theirs)


def test_a_model_without_a_projection_has_one_head(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder), **shape(projection=None))
    model = build_model(spec, 1)
    model.learn_heads({"embedding"})
    assert model.count_trainable() == 0


def test_trainable_order_is_that_of_every_build(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder))
    assert list(build_model(spec, 1).trainable()) == list(build_model(spec, 2).trainable())


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's own
def test_peft_opens_the_saved_adapter(tiny_decoder_folder, tmp_path):
    from peft import PeftModel
    from transformers import AutoModel

    model = changed(build_model(TextModel(backbone=str(tiny_decoder_folder)), 1))
    model.save(tmp_path)
    theirs = PeftModel.from_pretrained(
        AutoModel.from_pretrained(tiny_decoder_folder), tmp_path
    ).eval()
    ids = torch.tensor(model.bi_encoder.tokenize(["sum"], "query"))
    with torch.no_grad():
        found = theirs(ids).last_hidden_state
        torch.testing.assert_close(found, model.backbone(ids, torch.ones_like(ids)))


def test_transformers_opens_a_fully_tuned_folder(tiny_encoder_folder, tmp_path):
    from transformers import AutoModel, AutoTokenizer

    spec = TextModel(backbone=str(tiny_encoder_folder), adapter=FullTuning())
    model = changed(build_model(spec, 1))
    model.save(tmp_path)
    batch = AutoTokenizer.from_pretrained(tmp_path)("sum", return_tensors="pt")
    with torch.no_grad():
        found = AutoModel.from_pretrained(tmp_path).eval()(**batch).last_hidden_state
        torch.testing.assert_close(
            found, model.backbone(batch["input_ids"], batch["attention_mask"])
        )


def test_an_adapter_is_not_put_on_other_weights(encoder_model, tmp_path):
    encoder_model.save(tmp_path)
    record = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(record | {"weights": "0" * 16}))
    with pytest.raises(UserError, match="not those that this model was trained on"):
        load_model(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 99}', "{"])
def test_a_folder_that_is_no_model_is_refused(text, tmp_path):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(UserError, match=r"model\.json"):
        load_model(tmp_path)


def test_adapter_weights_of_another_shape_are_refused(encoder_model, decoder_model, tmp_path):
    encoder_model.save(tmp_path / "a")
    decoder_model.save(tmp_path / "b")
    (tmp_path / "b" / "adapter_model.safetensors").replace(
        tmp_path / "a" / "adapter_model.safetensors"
    )
    with pytest.raises(UserError, match="do not match"):
        load_model(tmp_path / "a")
