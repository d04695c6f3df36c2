"""Rows laid end to end give the vectors of the padded pass, and nothing of their neighbours."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
from architectures import ENCODERS, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_cases import PAIRS, TEXTS, padded
from transformers import BertModel

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.packed_encoder import PackedEncoder, packed
from gonogo.models.build.build import build_model
from gonogo.models.kernels import attention
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import Frozen, Lengths, LoraAdapter, MlpScoring, TextModel


def frozen(folder: object, **options: object) -> RetrievalModel:
    lengths = Lengths(query=24, passage=64, pair=160)
    spec = TextModel(
        backbone=str(folder), adapter=Frozen(), scoring=MlpScoring(hidden=8), lengths=lengths
    )
    return build_model(spec, 0, **options)


@cache
def tiny(folder: Path) -> Backbone:
    return frozen(folder).backbone


@pytest.fixture(params=["Bert", "Roberta", "XLMRoberta"])
def backbone(request: pytest.FixtureRequest, tiny_encoder_folder: Path, tmp_path: Path) -> str:
    settings = ENCODERS["Roberta"] | {"type_vocab_size": 2 if request.param == "Bert" else 1}
    return saved(request.param, "MaskedLM", settings, tiny_encoder_folder, tmp_path)


@pytest.mark.parametrize("pooling", ["mean", "last_token", "first_token"])
def test_embeddings_are_those_of_the_padded_pass(backbone: str, pooling: str) -> None:
    encoder = frozen(backbone).bi_encoder
    encoder.pooling = pooling
    rows = encoder.tokenize(TEXTS, "passage")
    with torch.inference_mode():
        torch.testing.assert_close(
            encoder.on_rows()(rows), encoder(*padded(rows, encoder.pad_id)), atol=1e-6, rtol=1e-5
        )


@pytest.mark.parametrize("pooling", ["mean", "first_token"])
def test_scores_are_those_of_the_padded_pass_token_types_among_them(
    backbone: str, pooling: str
) -> None:
    encoder = frozen(backbone).cross_encoder
    encoder.head.pooling = pooling
    is_bert = isinstance(encoder.backbone.transformer, BertModel)
    assert (encoder._first_end is not None) == is_bert
    rows = encoder.tokenize(PAIRS)
    with torch.inference_mode():
        scores = encoder.on_rows()(rows)
        expected = encoder(*padded(rows, encoder.pad_id))
        torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-5)
        if is_bert:  # and the types matter
            encoder._first_end = None
            assert (encoder.on_rows()(rows) - scores).abs().max() > 1e-4


@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="no bf16 products on this CPU"
)
@pytest.mark.parametrize("length", [64, 600], ids=["two products", "fused"])
def test_bf16_is_as_close_to_fp32_as_the_padded_pass(backbone: str, length: int) -> None:
    exact, rounded = (frozen(backbone, precision=form).backbone for form in ("fp32", "bf16"))
    random = torch.Generator().manual_seed(0)
    rows = torch.randint(5, 50, (3, length), generator=random)
    with torch.inference_mode():
        expected = exact(rows, torch.ones_like(rows)).flatten(0, 1)
        usual = rounded(rows, torch.ones_like(rows)).flatten(0, 1).float()
        ours = packed(rounded)(rows.tolist()).float()
    mean = [(found - expected).square().mean().sqrt() for found in (ours, usual)]
    assert 0 < mean[0] < 1.1 * mean[1]


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=8), scores=st.integers(1, 9000))
def test_rows_know_nothing_of_each_other(
    tiny_encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    lengths: list[int],
    scores: int,
) -> None:
    monkeypatch.setattr(attention, "_WEIGHTS", scores)
    encoder = PackedEncoder(tiny(tiny_encoder_folder).transformer, torch.float32)
    rows = [[5 + (place + number) % 40 for place in range(n)] for number, n in enumerate(lengths)]
    with torch.inference_mode():
        together = encoder(rows).split(lengths)
        for row, vectors in zip(rows, together, strict=True):
            torch.testing.assert_close(vectors, encoder([row]), atol=1e-6, rtol=1e-5)
        firsts = torch.stack([vectors[0] for vectors in together])
        found = encoder.pooled(rows, "first_token")
        torch.testing.assert_close(found, firsts, atol=1e-6, rtol=1e-5)


def test_the_study_says_how_a_pair_is_pooled(tiny_encoder_folder: Path) -> None:
    def scorer(**options: object) -> CrossEncoder:
        spec = MlpScoring(hidden=8, **options)
        model = TextModel(backbone=str(tiny_encoder_folder), adapter=Frozen(), scoring=spec)
        return build_model(model, 0).cross_encoder

    asked, usual = scorer(pooling="first_token"), scorer()
    rows = usual.tokenize(PAIRS)
    with torch.inference_mode():
        hidden = usual.backbone(*padded(rows, usual.pad_id), usual._token_types(*padded(rows, 0)))
        torch.testing.assert_close(asked.on_rows()(rows), usual.head(hidden[:, 0]))
        assert not torch.allclose(asked.on_rows()(rows), usual.on_rows()(rows))


def test_weights_are_those_of_now(tiny_encoder_folder: Path) -> None:
    model = frozen(tiny_encoder_folder)
    rows = model.bi_encoder.tokenize(TEXTS, "passage")
    before = model.bi_encoder.on_rows()(rows)
    with torch.no_grad():
        model.backbone.transformer.encoder.layer[0].output.dense.weight.mul_(1.5)
    assert (model.bi_encoder.on_rows()(rows) - before).abs().max() > 1e-4


def test_autocast_decides_the_format(tiny_encoder_folder: Path) -> None:
    backbone = tiny(tiny_encoder_folder)
    assert packed(backbone)([[5, 6]]).dtype == torch.float32
    with torch.autocast("cpu", torch.float16):
        assert packed(backbone) is None
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        with torch.autocast("cpu", torch.bfloat16):
            assert packed(backbone)([[5, 6]]).dtype == torch.bfloat16


def test_what_is_not_laid_out_so_has_no_packed_form(
    tiny_encoder_folder: Path, tiny_decoder_folder: Path, tmp_path: Path
) -> None:
    assert packed(frozen(tiny_decoder_folder).backbone) is None
    adapted = TextModel(backbone=str(tiny_encoder_folder), adapter=LoraAdapter(rank=2))
    assert packed(build_model(adapted, 0).backbone) is None
    other = saved("MPNet", "MaskedLM", ENCODERS["MPNet"], tiny_encoder_folder, tmp_path / "mpnet")
    assert packed(frozen(other).backbone) is None
    for name, change in {"act": {"hidden_act": "gelu_new"}, "causal": {"is_decoder": True}}.items():
        changed = ENCODERS["Roberta"] | change
        folder = saved("Bert", "MaskedLM", changed, tiny_encoder_folder, tmp_path / name)
        assert packed(frozen(folder).backbone) is None
    learning = frozen(tiny_encoder_folder).backbone
    assert packed(learning) is not None
    assert packed(learning.train()) is None
