"""From a study's scoring to its head: the one place that knows them all."""

from __future__ import annotations

from typing import assert_never

from gonogo.data.weights.weights import Kind
from gonogo.models.text.mlp_score import mlp_score
from gonogo.models.text.score_head import Ground, ScoreHead
from gonogo.models.text.span_cosine_score import span_cosine_score
from gonogo.models.text.yes_no_score import yes_no_score
from gonogo.spec.model.model import MlpScoring, ScoringSpec, SpanCosineScoring, YesNoScoring


def default_scoring(kind: Kind) -> ScoringSpec:
    """Return how pairs are scored where the study says nothing."""
    return YesNoScoring() if kind == "decoder" else MlpScoring()


def build_score_head(spec: ScoringSpec, on: Ground) -> ScoreHead:
    """Return the head that ``spec`` describes.

    Raises:
        UserError: for a backbone that it does not fit.
    """
    match spec:
        case MlpScoring():
            return mlp_score(spec, on)
        case YesNoScoring():
            return yes_no_score(spec, on)
        case SpanCosineScoring():
            return span_cosine_score(spec, on)
        case _:
            assert_never(spec)
