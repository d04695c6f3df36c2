"""Every adapter with every scoring head and every projection: saved, loaded, and not untrained."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
import torch
from model_cases import PAIRS, TEXTS, padded
from torch import Tensor

from gonogo.models.build.build import build_model, load_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.base import Spec
from gonogo.spec.model.mixture import Expert, MixtureAdapter
from gonogo.spec.model.model import (
    AdapterSpec,
    Frozen,
    FullTuning,
    LoraAdapter,
    MlpScoring,
    ScoringSpec,
    SpanCosineScoring,
    TextModel,
    YesNoScoring,
)
from gonogo.spec.model.projections import MlpProjection, ProjectionSpec, ResidualProjection

SMALL: dict[type[Spec], Spec] = {
    LoraAdapter: LoraAdapter(rank=2),
    FullTuning: FullTuning(),
    Frozen: Frozen(),
    MixtureAdapter: MixtureAdapter(
        experts=(Expert(name="embed", rank=1), Expert(name="rerank", rank=2, alpha=3.0))
    ),
    YesNoScoring: YesNoScoring(),
    MlpScoring: MlpScoring(hidden=8),
    SpanCosineScoring: SpanCosineScoring(),
    MlpProjection: MlpProjection(dimension=12),
    ResidualProjection: ResidualProjection(hidden=16, dimension=12),
}
"""An example of each member: one that lacks here fails below, and so a new one is tested."""


def examples(union: Any) -> list[Spec]:
    while get_origin(union) is Annotated:
        union = get_args(union)[0]
    return [SMALL[member] for member in get_args(union)]


CASES = [
    (kind, adapter, scoring, projection)
    for kind, adapter, scoring, projection in product(
        ("encoder", "decoder"),
        examples(AdapterSpec),
        examples(ScoringSpec),
        [None, *examples(ProjectionSpec)],
    )
    if not (kind == "encoder" and scoring == YesNoScoring())  # refused, see test_cross_encoder
]


def outputs(model: RetrievalModel) -> tuple[Tensor, Tensor]:
    bi, cross = model.bi_encoder, model.cross_encoder
    with torch.no_grad():
        return (
            bi(*padded(bi.tokenize(TEXTS, "query"), bi.pad_id)),
            cross(*padded(cross.tokenize(PAIRS), cross.pad_id)),
        )


def move(model: RetrievalModel) -> None:
    """Move every learnable value, as training would."""
    random = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for value in model.trainable().values():
            value += 0.05 * torch.randn(value.shape, generator=random)


@pytest.mark.parametrize(
    ("kind", "adapter", "scoring", "projection"),
    CASES,
    ids=lambda each: getattr(each, "kind", each) or "plain",
)
def test_what_was_trained_is_what_is_loaded(
    kind: str,
    adapter: Any,
    scoring: Any,
    projection: Any,
    tiny_encoder_folder: Path,
    tiny_decoder_folder: Path,
    tmp_path: Path,
) -> None:
    folder = tiny_encoder_folder if kind == "encoder" else tiny_decoder_folder
    spec = TextModel(backbone=str(folder), adapter=adapter, scoring=scoring, projection=projection)
    model = build_model(spec, 1)
    untrained = outputs(model)
    groups = model.parameter_groups()
    move(model)
    trained = outputs(model)
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, RetrievalModel)
    assert all(map(torch.equal, trained, outputs(loaded)))
    backbone_learns = any(group.rate == "backbone" for group in groups)
    embeds = backbone_learns or projection is not None
    scores = backbone_learns or any(
        value.requires_grad for value in model.cross_encoder.head.parameters()
    )
    moved = [not torch.equal(*both) for both in zip(untrained, trained, strict=True)]
    assert moved == [embeds, scores]
    assert backbone_learns == (adapter != Frozen())
    assert model.trainable().keys() == {name for group in groups for name in group.parameters}
