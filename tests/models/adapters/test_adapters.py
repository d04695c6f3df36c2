"""LoRA: where it sits, how many parameters it has, what learns, how it starts."""

from __future__ import annotations

import pytest
import torch
from model_cases import PAIRS, TEXTS, padded
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, BertConfig, LlamaConfig, Qwen3Config

from gonogo.core.errors import UserError
from gonogo.models.adapters.lora import lora_targets
from gonogo.models.build.build import build_model
from gonogo.spec.model.model import Frozen, FullTuning, LoraAdapter, TextModel

QWEN3 = Qwen3Config(
    hidden_size=1024,
    num_hidden_layers=28,
    num_attention_heads=16,
    num_key_value_heads=8,
    head_dim=128,
    intermediate_size=3072,
)
SMOLLM2 = LlamaConfig(
    hidden_size=576,
    num_hidden_layers=30,
    num_attention_heads=9,
    num_key_value_heads=3,
    intermediate_size=1536,
    vocab_size=49152,
)
MINILM = BertConfig(
    hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
)


def count_lora_parameters(config, rank):
    """Count what LoRA adds, r (inputs + outputs) a layer, from a config alone: on the meta device.

    So adapters of models that are not on this machine can be counted too.
    """
    with torch.device("meta"):
        transformer = AutoModel.from_config(config, trust_remote_code=False)
    targets = tuple(f".{name}" for name in lora_targets(transformer, config.num_hidden_layers))
    return sum(
        rank * (module.in_features + module.out_features)
        for name, module in transformer.named_modules()
        if isinstance(module, torch.nn.Linear) and name.endswith(targets)
    )


@pytest.mark.parametrize(
    ("config", "rank", "count"),
    [
        (QWEN3, 16, 10_092_544),
        (QWEN3, 8, 5_046_272),
        (SMOLLM2, 8, 2_442_240),
        (MINILM, 8, 8 * 6 * (4 * (384 + 384) + 2 * (384 + 1536))),
    ],
)
def test_parameters_counted_from_a_config(config, rank, count):
    assert count_lora_parameters(config, rank) == count


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT's own
@pytest.mark.parametrize("config", [QWEN3, SMOLLM2])
def test_peft_counts_the_same_on_the_seven_projections(config):
    with torch.device("meta"):
        model = AutoModel.from_config(config)
        projections = [f"{name}_proj" for name in ("q", "k", "v", "o", "gate", "up", "down")]
        model = get_peft_model(model, LoraConfig(r=8, target_modules=projections))
    counted = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert counted == count_lora_parameters(config, 8)


def test_targets_are_found_by_structure():
    with torch.device("meta"):
        bert = AutoModel.from_config(MINILM)
    assert lora_targets(bert, 6) == [
        "attention.output.dense",
        "attention.self.key",
        "attention.self.query",
        "attention.self.value",
        "intermediate.dense",
        "output.dense",
    ]


def test_a_model_without_linear_blocks_is_refused():
    with pytest.raises(UserError, match="full"):
        lora_targets(torch.nn.Sequential(torch.nn.Linear(2, 2)), 3)


def test_count_of_the_built_model_is_the_count_from_the_config(model):
    config = model.backbone.transformer.config
    in_backbone = sum(
        value.numel() for name, value in model.trainable().items() if name.startswith("backbone.")
    )
    assert in_backbone == count_lora_parameters(config, 4)
    assert model.count_trainable() == sum(p.numel() for p in model.trainable().values())


def test_adapters_start_as_the_pretrained_model(model):
    spec = model.spec.model_copy(update={"adapter": Frozen()})
    plain = build_model(spec, 1)
    batch = padded(model.bi_encoder.tokenize(TEXTS, "passage"), model.bi_encoder.pad_id)
    with torch.no_grad():
        assert torch.equal(model.bi_encoder(*batch), plain.bi_encoder(*batch))


def test_one_seed_one_start_and_the_global_generator_untouched(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder))
    before = torch.get_rng_state()
    first, again, other = (build_model(spec, seed).trainable() for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert list(first) == list(again)
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if "lora_A" in name or (".head." in name and "weight" in name)]
    assert not any(torch.equal(first[name], other[name]) for name in drawn)
    shapes_alike = [first[n] for n in drawn if first[n].shape == (16, 32)]
    assert not torch.equal(shapes_alike[0], shapes_alike[1])  # a stream a layer


def losses(model):
    bi, cross = model.bi_encoder, model.cross_encoder
    with model.autocast():
        vectors = bi(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id))
        scores = cross(*padded(cross.tokenize(PAIRS), cross.pad_id))
    return vectors[0] @ vectors[1] + scores.sum()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("adapter", [LoraAdapter(rank=2), FullTuning(), Frozen()])
def test_gradients_reach_what_learns_and_nothing_else(
    adapter, precision, tiny_encoder_folder, tiny_decoder_folder
):
    for folder in (tiny_encoder_folder, tiny_decoder_folder):
        model = build_model(
            TextModel(backbone=str(folder), adapter=adapter), 1, precision=precision
        )
        if model.trainable():
            losses(model).backward()
        touched = {n for n, p in model.named_parameters() if p.grad is not None}
        assert touched == set(model.trainable())
        assert all(p.dtype == torch.float32 for p in model.trainable().values())
        heads = {name for name in model.trainable() if not name.startswith("backbone.")}
        groups = {group.name: group for group in model.parameter_groups()}
        assert set(groups["heads"].parameters) == heads if heads else "heads" not in groups
        assert {name for group in groups.values() for name in group.parameters} == touched
        assert sum(len(group.parameters) for group in groups.values()) == len(touched)
        match adapter:
            case Frozen():
                assert set(model.trainable()) == heads
            case LoraAdapter():
                assert all("lora_" in name for name in set(model.trainable()) - heads)
            case FullTuning():
                assert not any(name.startswith("bi_encoder") for name in model.trainable())
                assert len(heads) < len(model.trainable())


def test_only_what_does_not_learn_is_kept_in_bf16(tiny_decoder_folder):
    def kept(adapter):
        model = build_model(
            TextModel(backbone=str(tiny_decoder_folder), adapter=adapter), 1, precision="bf16"
        )
        return {p.dtype for p in model.backbone.parameters() if not p.requires_grad}

    assert kept(LoraAdapter()) == {torch.bfloat16}
    assert kept(Frozen()) == {torch.bfloat16}
    assert kept(FullTuning()) == set()


def test_bf16_is_near_fp32(tiny_encoder_folder, tiny_decoder_folder):
    for folder in (tiny_encoder_folder, tiny_decoder_folder):
        found = {}
        for precision in ("fp32", "bf16"):
            model = build_model(TextModel(backbone=str(folder)), 1, precision=precision)
            bi = model.bi_encoder
            with torch.no_grad(), model.autocast():
                found[precision] = bi(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id))
        assert found["bf16"].dtype == torch.float32
        similar = (found["fp32"] * found["bf16"]).sum(1)
        assert similar.min() > 0.99
        assert not torch.equal(found["fp32"], found["bf16"])


def test_a_frozen_backbone_never_drops(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder), adapter=Frozen())
    model = build_model(spec, 1).train()
    batch = padded(model.bi_encoder.tokenize(TEXTS, "query"), model.bi_encoder.pad_id)
    with torch.no_grad():
        assert torch.equal(model.bi_encoder(*batch), model.bi_encoder(*batch))
        full = build_model(spec.model_copy(update={"adapter": FullTuning()}), 1).train()
        assert not torch.equal(full.bi_encoder(*batch), full.bi_encoder(*batch))
