"""From a specification, or a saved folder, to a model."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file

from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.core.types import Device, Precision
from gonogo.data import weights
from gonogo.data.weights import Kind, WeightSource
from gonogo.models.adapters import apply_adapter, load_adapter
from gonogo.models.backbones import Backbone, load_backbone, output_rows
from gonogo.models.bi_encoder import BiEncoder
from gonogo.models.cross_encoder import CrossEncoder
from gonogo.models.devices import DTYPES
from gonogo.models.dropout import replace_dropout
from gonogo.models.heads import MlpScore, YesNoScore
from gonogo.models.pooling import Pooling
from gonogo.models.prompts import encoder_pairs, judge_pairs
from gonogo.models.retrieval_model import FORMAT, HEADS_FILE, MODEL_FILE, RetrievalModel
from gonogo.models.tokenization import TextTokenizer
from gonogo.spec.model import FullTuning, LoraAdapter, MlpScoring, ModelSpec, YesNoScoring


def build_model(
    spec: ModelSpec, seed: int, *, device: Device = "cpu", precision: Precision = "fp32"
) -> RetrievalModel:
    """Build a model on pretrained weights.

    Args:
        spec: backbone, adapter, heads.
        seed: of adapters and heads; torch's own generators are left as they were.
        device: where it computes.
        precision: of matrix products. What learns is kept in fp32; a backbone that does not
            learn is kept in ``precision`` itself, which is twice as fast on a CPU.

    Raises:
        UserError: when the weights are not to be had or the settings do not fit them.
    """
    source = weights.locate(spec.backbone)
    with torch.random.fork_rng(devices=[]):
        backbone, folder = load_backbone(source, source.kind, _kept_dtype(spec, precision))
        tokenizer = TextTokenizer(folder)
        head = _score_head(spec, backbone, tokenizer, folder, seed)
        apply_adapter(backbone, spec.adapter, seed, spec.backbone)
    return _assemble(
        spec, backbone, tokenizer, head, weights.fingerprint(spec.backbone), device, precision
    )


def load_model(
    folder: Path, *, device: Device = "cpu", precision: Precision = "fp32"
) -> RetrievalModel:
    """Load what `RetrievalModel.save` wrote.

    Raises:
        UserError: when the folder is not such a model, or the pretrained weights that it stands
            on are not the ones on this machine.
    """
    spec, stood_on, kind = _read_record(folder)
    tuned = isinstance(spec.adapter, FullTuning)
    source = WeightSource(spec.backbone, "folder", folder) if tuned else locate_same(spec, stood_on)
    with torch.random.fork_rng(devices=[]):
        backbone, _ = load_backbone(source, kind, _kept_dtype(spec, precision))
        apply_adapter(backbone, spec.adapter, 0, spec.backbone)
        if isinstance(spec.adapter, LoraAdapter):
            load_adapter(backbone, folder)
        head = _empty_score_head(spec, backbone)
    model = _assemble(spec, backbone, TextTokenizer(folder), head, stood_on, device, precision)
    model.load_heads(load_file(folder / HEADS_FILE))
    return model


def _read_record(folder: Path) -> tuple[ModelSpec, str, Kind]:
    record = read_json(folder / MODEL_FILE)
    try:
        if record["format"] != FORMAT:
            raise UserError(f"unknown format {record['format']!r}", file=folder / MODEL_FILE)
        spec = ModelSpec.model_validate(record["spec"])
        kind = TypeAdapter(Kind).validate_python(record["kind"])
        return spec, str(record["weights"]), kind
    except (KeyError, TypeError, ValidationError) as error:
        raise UserError(f"not a saved model: {error}", file=folder / MODEL_FILE) from error


def locate_same(spec: ModelSpec, stood_on: str) -> WeightSource:
    """Find the pretrained weights that a saved adapter or head belongs to, and no others."""
    if weights.fingerprint(spec.backbone) != stood_on:
        raise UserError(
            f"the weights of {spec.backbone!r} are not those that this model was trained on",
            hint="an adapter means nothing on other weights",
        )
    return weights.locate(spec.backbone)


def _kept_dtype(spec: ModelSpec, precision: Precision) -> torch.dtype:
    return torch.float32 if isinstance(spec.adapter, FullTuning) else DTYPES[precision]


def _scoring(spec: ModelSpec, kind: Kind) -> YesNoScoring | MlpScoring:
    scoring = spec.scoring or (YesNoScoring() if kind == "decoder" else MlpScoring())
    if isinstance(scoring, YesNoScoring) and kind == "encoder":
        raise UserError(
            f"{spec.backbone!r} is an encoder and has no next token to answer yes or no with",
            place="model.scoring.kind",
            hint="use scoring: {kind: mlp}",
        )
    return scoring


def _score_head(
    spec: ModelSpec, backbone: Backbone, tokenizer: TextTokenizer, folder: Path, seed: int
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


def _empty_score_head(spec: ModelSpec, backbone: Backbone) -> MlpScore | YesNoScore:
    scoring = _scoring(spec, backbone.kind)
    match scoring:
        case MlpScoring():
            return MlpScore(backbone.dimension, scoring.hidden, 0)
        case YesNoScoring():
            return YesNoScore(torch.zeros(2, backbone.dimension))
        case _:
            assert_never(scoring)


def _assemble(
    spec: ModelSpec,
    backbone: Backbone,
    tokenizer: TextTokenizer,
    head: MlpScore | YesNoScore,
    stood_on: str,
    device: Device,
    precision: Precision,
) -> RetrievalModel:
    """Put the two encoders on one backbone."""
    replace_dropout(backbone)
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
    )
    if decoder:
        asked = spec.scoring if isinstance(spec.scoring, YesNoScoring) else YesNoScoring()
        layout = judge_pairs(tokenizer, asked.instruction, spec.lengths.query, spec.lengths.pair)
    else:
        layout = encoder_pairs(tokenizer, spec.lengths.query, spec.lengths.pair)
    judged: Pooling = "last_token" if isinstance(head, YesNoScore) else pooling
    return RetrievalModel(
        spec,
        embed,
        CrossEncoder(backbone, layout, head, judged),
        tokenizer=tokenizer,
        weights=stood_on,
        device=device,
        precision=precision,
    )


def _check_lengths(spec: ModelSpec, backbone: Backbone) -> None:
    for name, value in spec.lengths.model_dump().items():
        if value > backbone.longest_input:
            raise UserError(
                f"{value} tokens are more than {spec.backbone!r} can read",
                place=f"model.lengths.{name}",
                hint=f"at most {backbone.longest_input}",
            )
