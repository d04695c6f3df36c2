"""Text models: pretrained weights, an adapter, and heads on pooled vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision
from gonogo.data.weights import weights
from gonogo.data.weights.weights import Kind, WeightSource
from gonogo.models.adapters.adapter import Adapter
from gonogo.models.adapters.build import build_adapter
from gonogo.models.backbone.backbones import Backbone, load_backbone
from gonogo.models.heads.projections import build_projection
from gonogo.models.kernels.decoder_layer import replace_decoder_layers
from gonogo.models.kernels.dropout import replace_dropout
from gonogo.models.kernels.product_format import round_attention_inputs
from gonogo.models.kernels.rms_norm import replace_norms
from gonogo.models.parts.devices import keep_freed_memory
from gonogo.models.parts.module import HEADS_FILE, MODEL_FILE
from gonogo.models.parts.pooling import Pooling
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.models.text.bi_encoder import BiEncoder
from gonogo.models.text.build_score import build_score_head, default_scoring
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.models.text.score_head import Ground
from gonogo.spec.model.model import TextModel


def build_text_model(
    spec: TextModel, seed: int, *, device: Device = "cpu", precision: Precision = "fp32"
) -> RetrievalModel:
    """Build a text model on pretrained weights.

    Raises:
        UserError: when the weights are not to be had or the settings do not fit them.
    """
    source, stood_on = weights.locate(spec.backbone), weights.fingerprint(spec.backbone)
    origin = _Origin(source, source.kind, stood_on, seed, saved=None)
    return _construct(spec, build_adapter(spec.adapter), origin, device, precision)


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
    adapter = build_adapter(spec.adapter)
    whole = adapter.saved == "whole"
    source = WeightSource(spec.backbone, "folder", folder) if whole else locate_same(spec, stood_on)
    origin = _Origin(source, kind, stood_on, 0, saved=folder)
    model = _construct(spec, adapter, origin, device, precision)
    model.load_heads(load_file(folder / HEADS_FILE))
    return model


@dataclass(frozen=True)
class _Origin:
    """Where a model's values come from.

    Attributes:
        source: of the backbone's weights.
        kind: of the backbone.
        stood_on: hash of the pretrained weights.
        seed: of what starts at random.
        saved: the folder of a saved model, for what it did not start as.
    """

    source: WeightSource
    kind: Kind
    stood_on: str
    seed: int
    saved: Path | None


def locate_same(spec: TextModel, stood_on: str) -> WeightSource:
    """Find the pretrained weights that a saved adapter or head belongs to, and no others."""
    if weights.fingerprint(spec.backbone) != stood_on:
        raise UserError(
            f"the weights of {spec.backbone!r} are not those that this model was trained on",
            hint="an adapter means nothing on other weights",
        )
    return weights.locate(spec.backbone)


def _construct(
    spec: TextModel, adapter: Adapter, origin: _Origin, device: Device, precision: Precision
) -> RetrievalModel:
    """Put backbone, heads and adapter together; a saved model's heads are filled afterwards."""
    with torch.random.fork_rng(devices=[]):
        backbone, folder = load_backbone(origin.source, origin.kind, adapter.kept_dtype(precision))
        _check_lengths(spec, backbone)
        tokenizer = TextTokenizer(origin.saved or folder)
        bi_encoder = _bi_encoder(spec, backbone, tokenizer, origin.seed)
        ground = Ground(
            backbone,
            tokenizer,
            spec.backbone,
            bi_encoder.pooling,
            spec.query_instruction,
            spec.lengths,
            origin.seed,
            checkpoint=folder if origin.saved is None else None,
        )
        head = build_score_head(spec.scoring or default_scoring(backbone.kind), ground)
        adapter.apply(backbone, origin.seed, spec.backbone)
        if origin.saved is not None:
            adapter.load(backbone, origin.saved)
    replace_dropout(backbone)
    if device == "cpu":
        replace_norms(backbone)
        replace_decoder_layers(backbone)
        round_attention_inputs(backbone)
        keep_freed_memory()
    return RetrievalModel(
        spec,
        adapter,
        bi_encoder,
        CrossEncoder(backbone, head),
        tokenizer=tokenizer,
        weights=origin.stood_on,
        device=device,
        precision=precision,
    )


def _bi_encoder(
    spec: TextModel, backbone: Backbone, tokenizer: TextTokenizer, seed: int
) -> BiEncoder:
    pooling: Pooling = "last_token" if backbone.kind == "decoder" else "mean"
    if spec.pooling != "auto":
        pooling = spec.pooling
    projection = None
    if spec.projection is not None:
        projection = build_projection(spec.projection, backbone.dimension, seed)
    return BiEncoder(
        backbone,
        tokenizer,
        pooling=pooling,
        similarity=spec.similarity,
        instruction=spec.query_instruction,
        lengths=spec.lengths,
        projection=projection,
    )


def _check_lengths(spec: TextModel, backbone: Backbone) -> None:
    for name, value in spec.lengths.model_dump().items():
        if value > backbone.longest_input:
            raise UserError(
                f"{value} tokens are more than {spec.backbone!r} can read",
                place=f"model.lengths.{name}",
                hint=f"at most {backbone.longest_input}",
            )
