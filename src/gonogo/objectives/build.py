"""From what a study file says to the function that is minimised."""

from __future__ import annotations

from functools import partial
from typing import Protocol, assert_never, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.infonce import infonce
from gonogo.objectives.listwise import listwise_softmax
from gonogo.objectives.triplet import triplet
from gonogo.objectives.yes_no import yes_no_cross_entropy
from gonogo.spec.task.objectives import (
    EmbeddingObjective,
    InfoNce,
    ListwiseSoftmax,
    ScoreObjective,
    Triplet,
    YesNoCrossEntropy,
)

_COSINE_TEMPERATURE, _COSINE_MARGIN = 0.05, 0.1


@runtime_checkable
class EmbeddingLoss(Protocol):
    """A loss over embeddings of queries, their positives and their own negatives."""

    def __call__(
        self,
        queries: Float[Tensor, "b d"],
        positives: Float[Tensor, "b d"],
        negatives: Float[Tensor, "b k d"],
        *,
        relevant: Bool[Tensor, "b b"] | None = None,
        negative_kept: Bool[Tensor, "b k"] | None = None,
        same_query: Bool[Tensor, "b b"] | None = None,
        negative_relevant: Bool[Tensor, "b b k"] | None = None,
    ) -> Float[Tensor, ""]:
        """Return the mean loss; :func:`~gonogo.objectives.infonce.infonce` names the arguments."""
        ...


@runtime_checkable
class ScoreLoss(Protocol):
    """A loss over raw scores of pairs and their labels."""

    def __call__(
        self,
        scores: Float[Tensor, "n"],
        labels: Int[Tensor, "n"],
        lists: Int[Tensor, "n"],
    ) -> Float[Tensor, ""]:
        """Return the mean loss over pairs, or over lists; ``lists`` numbers each pair's query."""
        ...


def build_embedding_objective(
    spec: EmbeddingObjective, similarity: Similarity = "cosine"
) -> EmbeddingLoss:
    """Return the loss that ``spec`` describes, on a model that compares by ``similarity``."""
    match spec:
        case InfoNce():
            return _infonce(spec, similarity)
        case Triplet():
            return partial(triplet, margin=spec.margin, similarity=similarity)
        case _:
            assert_never(spec)


def build_unmasked_objective(
    spec: EmbeddingObjective, similarity: Similarity = "cosine"
) -> EmbeddingLoss:
    """Return the loss in which no negative is masked because of its score."""
    if isinstance(spec, InfoNce):
        spec = spec.model_copy(update={"false_negative_margin": None})
    return build_embedding_objective(spec, similarity)


def _infonce(spec: InfoNce, similarity: Similarity) -> EmbeddingLoss:
    temperature, margin = spec.temperature, spec.false_negative_margin
    if temperature == "auto":
        temperature = _COSINE_TEMPERATURE if similarity == "cosine" else 1.0
    if margin == "auto":
        margin = _COSINE_MARGIN if similarity == "cosine" else None
    return partial(
        infonce,
        temperature=temperature,
        false_negative_margin=margin,
        query_query=spec.query_query,
        document_document=spec.document_document,
        other_negatives=spec.other_negatives,
        similarity=similarity,
    )


def build_score_objective(spec: ScoreObjective) -> ScoreLoss:
    """Return the loss that ``spec`` describes."""
    match spec:
        case YesNoCrossEntropy():
            return partial(_pointwise, positive_weight=spec.positive_weight)
        case ListwiseSoftmax():
            return partial(listwise_softmax, temperature=spec.temperature)
        case _:
            assert_never(spec)


def _pointwise(
    scores: Float[Tensor, "n"],
    labels: Int[Tensor, "n"],
    lists: Int[Tensor, "n"],
    *,
    positive_weight: float,
) -> Float[Tensor, ""]:
    """Judge each pair by itself, whatever list it stands in."""
    del lists
    return yes_no_cross_entropy(scores, labels, positive_weight=positive_weight)
