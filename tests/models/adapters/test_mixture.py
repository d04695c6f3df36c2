"""The mixture in a model: where it sits, what it equals, what learns, what is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from model_cases import PAIRS, TEXTS, padded

from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.models.adapters.mixture import CONFIG, WEIGHTS, mixture_layers
from gonogo.models.build.build import build_model, load_model
from gonogo.models.parts.emitted import collected
from gonogo.models.parts.serving import Texts, reading, serving
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.mixture import (
    EntropyRouting,
    Expert,
    HardRouting,
    MixtureAdapter,
    SimilarityRouting,
    SoftmaxRouting,
    SparsegenRouting,
)
from gonogo.spec.model.model import LoraAdapter, TextModel

EXPERTS = (
    Expert(name="embed", rank=1),
    Expert(name="rerank", rank=2, alpha=3.0),
    Expert(name="shared", rank=3),
)
PILOTS = {each.name: (f"texts of {each.name}", "how do I read a file") for each in EXPERTS}
ROUTERS = {
    "sparsegen": SparsegenRouting(most=2),
    "softmax": SoftmaxRouting(top=2, balance="bias"),
    "entropy": EntropyRouting(),
    "hard": HardRouting(),
    "similarity": SimilarityRouting(pilots=PILOTS),
    "sequence": SoftmaxRouting(level="sequence"),
}


def build(folder: Path, router: Any, **others: Any) -> RetrievalModel:
    adapter = MixtureAdapter(experts=EXPERTS, router=router, **others)
    return build_model(TextModel(backbone=str(folder), adapter=adapter), 1)


def moved(model: RetrievalModel, size: float = 0.1) -> RetrievalModel:
    random = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for value in model.trainable().values():
            value += size * torch.randn(value.shape, generator=random)
    return model


def outputs(model: RetrievalModel) -> tuple[torch.Tensor, torch.Tensor]:
    bi, cross = model.bi_encoder, model.cross_encoder
    with torch.no_grad():
        return (
            bi(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id)),
            cross(*padded(cross.tokenize(PAIRS), cross.pad_id)),
        )


@pytest.fixture(params=["encoder", "decoder"])
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(f"tiny_{request.param}_folder")
    return found


def test_it_sits_where_lora_does_and_has_as_many_parameters(folder: Path) -> None:
    lora = build_model(TextModel(backbone=str(folder), adapter=LoraAdapter(rank=6)), 1)
    model = build(folder, HardRouting())
    assert model.count_trainable() == lora.count_trainable()
    adapted = {name.partition(".lora_")[0] for name in lora.trainable() if "lora_" in name}
    layers = {f"backbone.transformer.{n}" for n, _ in mixture_layers(model.backbone.transformer)}
    assert adapted == layers


def test_one_expert_alone_is_lora_bit_for_bit(folder: Path) -> None:
    adapter = MixtureAdapter(
        experts=(Expert(name="only", rank=4, alpha=6.0),), router=SoftmaxRouting()
    )
    ours = build_model(TextModel(backbone=str(folder), adapter=adapter), 1)
    lora = LoraAdapter(rank=4, alpha=6.0)
    theirs = moved(build_model(TextModel(backbone=str(folder), adapter=lora), 1))
    own, values = dict(ours.named_parameters()), theirs.trainable()
    with torch.no_grad():
        for name, value in values.items():
            for lora_name, expert_name in (
                ("lora_A.default.weight", "experts.0.down"),
                ("lora_B.default.weight", "experts.0.up"),
            ):
                name = name.replace(lora_name, expert_name)
            own[name].copy_(value)
    assert all(map(torch.equal, outputs(ours), outputs(theirs)))
    gradients = []
    for model in (ours, theirs):
        bi = model.bi_encoder
        torch.manual_seed(3)
        vectors = model.train().bi_encoder(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id))
        (vectors[0] @ vectors[1]).backward()
        gradients.append(
            [
                p.grad
                for n, p in model.named_parameters()
                if ("down" in n or "lora_A" in n) and p.grad is not None
            ]
        )
    assert len(gradients[0]) == len(gradients[1]) > 3
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-6)


def test_gated_outputs_are_the_sum_of_experts_computed_apart(folder: Path) -> None:
    model = moved(build(folder, SparsegenRouting()), 0.3)
    _, layer = next(mixture_layers(model.backbone.transformer))
    x = torch.randn(2, 5, layer.in_features, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        gates = layer.router(x.flatten(0, 1)).view(2, 5, 3)
        expected = layer.base_layer(x)
        for number in range(3):
            expert = layer.expert(number)
            update = x @ expert.down.T @ expert.up.T * expert.scaling
            expected = expected + gates[..., number, None] * update
        torch.testing.assert_close(layer(x), expected)
    assert gates.std() > 0.05


@pytest.mark.parametrize("kind", ROUTERS)
def test_saved_and_loaded_bit_for_bit(kind: str, folder: Path, tmp_path: Path) -> None:
    model = build(folder, ROUTERS[kind])
    untrained = outputs(model)
    trained = outputs(moved(model))
    assert not any(map(torch.equal, untrained, trained))
    model.save(tmp_path)
    assert all(map(torch.equal, trained, outputs(load_model(tmp_path))))
    record = read_json(tmp_path / CONFIG)
    assert record["adapter"]["router"]["kind"] == ROUTERS[kind].kind
    assert record["experts"][1] == {"name": "rerank", "rank": 2, "scaling": 1.5}
    assert len(record["layers"]) == len(dict(mixture_layers(model.backbone.transformer)))


def test_weights_of_another_mixture_are_refused(tiny_encoder_folder: Path, tmp_path: Path) -> None:
    build(tiny_encoder_folder, SoftmaxRouting()).save(tmp_path)
    other = tmp_path / "other"
    build(tiny_encoder_folder, HardRouting()).save(other)
    (tmp_path / WEIGHTS).write_bytes((other / WEIGHTS).read_bytes())
    with pytest.raises(UserError, match=r"do not match, at .*router\.weight"):
        load_model(tmp_path)


@pytest.mark.parametrize("kind", ROUTERS)
def test_all_but_frozen_experts_learn_in_groups(kind: str, tiny_encoder_folder: Path) -> None:
    model = moved(build(tiny_encoder_folder, ROUTERS[kind], frozen=("rerank",)))
    bi, cross = model.bi_encoder, model.cross_encoder
    with collected() as told:
        model.train()
        vectors = bi(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id))
        scores = cross(*padded(cross.tokenize(PAIRS), cross.pad_id))
    loss, _ = told().added_to(vectors[0] @ vectors[1] + scores.sum())
    loss.backward()
    touched = {name for name, p in model.named_parameters() if p.grad is not None}
    assert touched == set(model.trainable())
    assert not any("experts.1." in name for name in touched)
    groups = {group.name: set(group.parameters) for group in model.parameter_groups()}
    routed = kind not in ("hard", "similarity")
    assert set(groups) == {"experts", "heads", *(["routers"] if routed else [])}
    assert set.union(*groups.values()) == touched


def test_the_hard_switch_hears_what_a_pass_is_for(folder: Path) -> None:
    model = moved(build(folder, HardRouting()))
    vectors, scores = outputs(model)
    with torch.no_grad():
        for _, layer in mixture_layers(model.backbone.transformer):
            layer.expert(1).up.zero_()
    again = outputs(model)
    assert torch.equal(vectors, again[0])
    assert not torch.equal(scores, again[1])


def test_rows_end_to_end_give_what_padded_rows_give(folder: Path) -> None:
    """Of tokens and of texts alike: gates of a text are those of its own tokens alone."""
    for kind in ("sparsegen", "sequence"):
        model = moved(build(folder, ROUTERS[kind]), 0.3)
        bi = model.bi_encoder
        rows = bi.tokenize(TEXTS, "query")
        with torch.no_grad():
            together = bi(*padded(rows, bi.pad_id))
            apart = torch.cat([bi(*padded([row], bi.pad_id)) for row in rows])
            model.backbone.transformer.config._attn_implementation = "sdpa"
            assert not model.backbone.packs
            unpacked = bi(*padded(rows, bi.pad_id))
        torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together, unpacked, rtol=1e-4, atol=1e-5)


def test_gates_of_texts_forbid_to_read_a_beginning_once(tiny_decoder_folder: Path) -> None:
    assert build(tiny_decoder_folder, SoftmaxRouting()).cross_encoder.shares_prefixes
    assert not build(tiny_decoder_folder, ROUTERS["sequence"]).cross_encoder.shares_prefixes


def test_a_shared_beginning_is_read_for_scoring(tiny_decoder_folder: Path) -> None:
    model = moved(build(tiny_decoder_folder, HardRouting()))
    cross = model.cross_encoder
    rows = cross.tokenize([("how do I read", text) for text in TEXTS])
    first = 4
    with torch.no_grad():
        after = cross.after(rows[0][:first])(*padded([r[first:] for r in rows], cross.pad_id))
        torch.testing.assert_close(after, cross(*padded(rows, cross.pad_id)), rtol=1e-4, atol=1e-5)


def test_padding_is_in_no_figure(tiny_encoder_folder: Path) -> None:
    model = moved(build(tiny_encoder_folder, SoftmaxRouting()), 0.5)
    _, layer = next(mixture_layers(model.backbone.transformer))
    x = torch.randn(2, 4, layer.in_features, generator=torch.Generator().manual_seed(1))
    real = torch.tensor([[True, True, True, True], [True, False, False, False]])

    def figures(values: torch.Tensor, texts: Texts) -> dict[str, float]:
        with torch.no_grad(), collected() as told, reading(texts), serving("embedding"):
            layer(values)
        return {name: figure.value.item() for name, figure in told().figures.items()}

    padded_rows = figures(x, Texts(real=real))
    end_to_end = figures(x[real][None], Texts(lengths=(4, 1)))
    assert padded_rows == pytest.approx(end_to_end, rel=1e-5)
    assert padded_rows["gate.embed"] != pytest.approx(figures(x, Texts())["gate.embed"], rel=1e-5)


def test_pilots_are_what_layers_read_of_the_texts(tiny_encoder_folder: Path) -> None:
    model = build(tiny_encoder_folder, ROUTERS["similarity"])
    routers = [layer.router for _, layer in mixture_layers(model.backbone.transformer)]
    own = [router.weight.clone() for router in routers]
    assert all((weight.norm(dim=1) <= 1 + 1e-5).all() for weight in own)
    assert not torch.equal(own[0][0], own[0][1])
    again = build(tiny_encoder_folder, ROUTERS["similarity"])
    assert all(
        torch.equal(weight, layer.router.weight)
        for weight, (_, layer) in zip(own, mixture_layers(again.backbone.transformer), strict=True)
    )
