"""What is minimised: pure functions of embeddings, scores and labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gonogo.spec.base import HASHED_UNLESS_DEFAULT, Positive, Spec


class InfoNce(Spec):
    """InfoNCE with the five-part denominator of Qwen3-Embedding (arXiv 2506.05176)."""

    kind: Literal["infonce"] = "infonce"
    temperature: Literal["auto"] | Positive = "auto"
    """Similarities are divided by this: auto is 0.05 for cosines, and 1 for distances and dot
    products, which have no fixed scale."""
    false_negative_margin: Literal["auto"] | float | None = "auto"
    """A negative more similar than the positive plus this is masked; null masks none by score.
    auto is 0.1 for cosines and null otherwise: where 0.1 is a short way, it would mask what is
    ranked wrongly."""
    query_query: bool = True
    """Other queries of the batch stand in the denominator."""
    document_document: bool = True
    """Other positives, compared with the own positive, stand in the denominator."""
    other_negatives: Annotated[bool, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = False
    """Other queries' hard negatives stand in the denominator, too. With it and without query_query
    and document_document this is sentence-transformers' MultipleNegativesRankingLoss."""

    @property
    def over_others(self) -> bool:
        """Tell whether queries are set against the hard negatives of others."""
        return self.other_negatives


class YesNoCrossEntropy(Spec):
    """Cross-entropy over the two tokens yes and no, which is logistic loss on their margin."""

    kind: Literal["yes_no_cross_entropy"] = "yes_no_cross_entropy"
    over_lists: ClassVar[bool] = False
    positive_weight: Positive = 1.0
    """Weight of relevant pairs; the number of negatives a positive balances the two classes."""


class ListwiseSoftmax(Spec):
    """Softmax cross-entropy over all documents of a query (ListNet, Cao et al. 2007).

    A batch then holds ``batch_size`` whole queries, each with its positive and its negatives.
    """

    kind: Literal["listwise_softmax"] = "listwise_softmax"
    over_lists: ClassVar[bool] = True
    temperature: Positive = 1.0
    """Scores are divided by this."""


class Triplet(Spec):
    """Triplet loss: each hard negative at least a margin farther than the positive."""

    kind: Literal["triplet"] = "triplet"
    over_others: ClassVar[bool] = False
    margin: Positive = 1.0
    """In units of the model's similarity: distances of a euclidean model, cosines otherwise."""


EmbeddingObjective = Annotated[InfoNce | Triplet, Field(discriminator="kind")]
ScoreObjective = Annotated[YesNoCrossEntropy | ListwiseSoftmax, Field(discriminator="kind")]
