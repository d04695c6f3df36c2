"""Text models: pretrained weights, an adapter, and heads on pooled vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision
from gonogo.data.weights import weights
from gonogo.data.weights.weights import Kind, WeightSource
from gonogo.models.adapters.adapters import apply_adapter, load_adapter
from gonogo.models.backbone.backbones import Backbone, load_backbone, output_rows
from gonogo.models.heads.projections import Projection, build_projection
from gonogo.models.kernels.decoder_layer import replace_decoder_layers
from gonogo.models.kernels.dropout import replace_dropout
from gonogo.models.kernels.product_format import round_attention_inputs
from gonogo.models.kernels.rms_norm import replace_norms
from gonogo.models.parts.devices import DTYPES, keep_freed_memory
from gonogo.models.parts.heads import MlpScore, YesNoScore
from gonogo.models.parts.module import HEADS_FILE, MODEL_FILE
from gonogo.models.parts.pooling import Pooling
from gonogo.models.parts.prompts import encoder_pairs, judge_pairs
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.models.text.bi_encoder import BiEncoder
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import FullTuning, LoraAdapter, MlpScoring, TextModel, YesNoScoring


def build_text_model(
    spec: TextModel, seed: int, *, device: Device = "cpu", precision: Precision = "fp32"
) -> RetrievalModel:
    """Build a text model on pretrained weights.

    Raises:
        UserError: when the weights are not to be had or the settings do not fit them.
    """
    source = weights.locate(spec.backbone)
    with torch.random.fork_rng(devices=[]):
        backbone, folder = load_backbone(source, source.kind, _kept_dtype(spec, precision))
        tokenizer = TextTokenizer(folder)
        heads = Heads(
            _score_head(spec, backbone, tokenizer, folder, seed), _projection(spec, backbone, seed)
        )
        apply_adapter(backbone, spec.adapter, seed, spec.backbone)
    return _assemble(
        spec, backbone, tokenizer, heads, weights.fingerprint(spec.backbone), device, precision
    )


def load_text_model(
    spec: TextModel,
    record: Mapping[str, Any],
    folder: Path,
    *,
    device: Device = "cpu",
    precision: Precision = "fp32",
) -> RetrievalModel:
    """Load what `RetrievalModel.save` wrote.

    Raises:
        UserError: when the pretrained weights that it stands on are not those on this machine.
    """
    try:
        stood_on, kind = str(record["weights"]), TypeAdapter(Kind).validate_python(record["kind"])
    except (KeyError, ValidationError) as error:
        raise UserError(f"not a saved model: {error}", file=folder / MODEL_FILE) from error
    tuned = isinstance(spec.adapter, FullTuning)
    source = WeightSource(spec.backbone, "folder", folder) if tuned else locate_same(spec, stood_on)
    with torch.random.fork_rng(devices=[]):
        backbone, _ = load_backbone(source, kind, _kept_dtype(spec, precision))
        apply_adapter(backbone, spec.adapter, 0, spec.backbone)
        if isinstance(spec.adapter, LoraAdapter):
            load_adapter(backbone, folder)
        heads = Heads(_empty_score_head(spec, backbone), _projection(spec, backbone, 0))
    model = _assemble(spec, backbone, TextTokenizer(folder), heads, stood_on, device, precision)
    model.load_heads(load_file(folder / HEADS_FILE))
    return model


@dataclass(frozen=True)
class Heads:
    """What stands on the pooled vectors."""

    score: MlpScore | YesNoScore
    projection: Projection | None


def _projection(spec: TextModel, backbone: Backbone, seed: int) -> Projection | None:
    if spec.projection is None:
        return None
    return build_projection(spec.projection, backbone.dimension, seed)


def locate_same(spec: TextModel, stood_on: str) -> WeightSource:
    """Find the pretrained weights that a saved adapter or head belongs to, and no others."""
    if weights.fingerprint(spec.backbone) != stood_on:
        raise UserError(
            f"the weights of {spec.backbone!r} are not those that this model was trained on",
            hint="an adapter means nothing on other weights",
        )
    return weights.locate(spec.backbone)


def _kept_dtype(spec: TextModel, precision: Precision) -> torch.dtype:
    return torch.float32 if isinstance(spec.adapter, FullTuning) else DTYPES[precision]


def _scoring(spec: TextModel, kind: Kind) -> YesNoScoring | MlpScoring:
    scoring = spec.scoring or (YesNoScoring() if kind == "decoder" else MlpScoring())
    if isinstance(scoring, YesNoScoring) and kind == "encoder":
        raise UserError(
            f"{spec.backbone!r} is an encoder and has no next token to answer yes or no with",
            place="model.scoring.kind",
            hint="use scoring: {kind: mlp}",
        )
    return scoring


def _score_head(
    spec: TextModel, backbone: Backbone, tokenizer: TextTokenizer, folder: Path, seed: int
) -> MlpScore | YesNoScore:
    scoring = _scoring(spec, backbone.kind)
    match scoring:
        case MlpScoring():
            return MlpScore(backbone.dimension, scoring.hidden, seed)
        case YesNoScoring():
            answers = [tokenizer.word_id("yes"), tokenizer.word_id("no")]
            return YesNoScore(output_rows(folder, backbone.transformer, answers))
        case _:
            assert_never(scoring)


def _empty_score_head(spec: TextModel, backbone: Backbone) -> MlpScore | YesNoScore:
    scoring = _scoring(spec, backbone.kind)
    match scoring:
        case MlpScoring():
            return MlpScore(backbone.dimension, scoring.hidden, 0)
        case YesNoScoring():
            return YesNoScore(torch.zeros(2, backbone.dimension))
        case _:
            assert_never(scoring)


def _assemble(
    spec: TextModel,
    backbone: Backbone,
    tokenizer: TextTokenizer,
    heads: Heads,
    stood_on: str,
    device: Device,
    precision: Precision,
) -> RetrievalModel:
    """Put the two encoders on one backbone."""
    replace_dropout(backbone)
    if device == "cpu":
        replace_norms(backbone)
        replace_decoder_layers(backbone)
        round_attention_inputs(backbone)
        keep_freed_memory()
    _check_lengths(spec, backbone)
    decoder = backbone.kind == "decoder"
    pooling: Pooling = "last_token" if decoder else "mean"
    if spec.pooling != "auto":
        pooling = spec.pooling
    embed = BiEncoder(
        backbone,
        tokenizer,
        pooling=pooling,
        similarity=spec.similarity,
        instruction=spec.query_instruction,
        lengths=spec.lengths,
        projection=heads.projection,
    )
    if decoder:
        asked = spec.scoring if isinstance(spec.scoring, YesNoScoring) else YesNoScoring()
        layout = judge_pairs(tokenizer, asked.instruction, spec.lengths.query, spec.lengths.pair)
    else:
        layout = encoder_pairs(tokenizer, spec.lengths.query, spec.lengths.pair)
    return RetrievalModel(
        spec,
        embed,
        CrossEncoder(backbone, layout, heads.score, _pair_pooling(spec, heads.score, pooling)),
        tokenizer=tokenizer,
        weights=stood_on,
        device=device,
        precision=precision,
    )


def _pair_pooling(spec: TextModel, score: MlpScore | YesNoScore, pooling: Pooling) -> Pooling:
    if isinstance(score, YesNoScore):
        return "last_token"
    asked = spec.scoring.pooling if isinstance(spec.scoring, MlpScoring) else "auto"
    return pooling if asked == "auto" else asked


def _check_lengths(spec: TextModel, backbone: Backbone) -> None:
    for name, value in spec.lengths.model_dump().items():
        if value > backbone.longest_input:
            raise UserError(
                f"{value} tokens are more than {spec.backbone!r} can read",
                place=f"model.lengths.{name}",
                hint=f"at most {backbone.longest_input}",
            )
