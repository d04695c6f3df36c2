"""Towers over sequences of vectors: what encodes a context of consecutive vectors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.spec.base import Count, Fraction, LearnedModel, Spec


class GruContext(Spec):
    """A bidirectional GRU, averaged over the context, and a linear layer (Cho et al. 2014)."""

    kind: Literal["gru"] = "gru"
    hidden: Count = 512
    """Width of each direction."""
    layers: Count = 1
    """Layers on top of one another."""
    dropout: Fraction = 0.0
    """Dropout on the mean, before the linear layer."""


class ResidualMeanContext(Spec):
    """The exponentially weighted mean, and what is learned on top of it; at first nothing is."""

    kind: Literal["residual_mean"] = "residual_mean"
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.3
    """Weight of the last vector in the mean that it starts from; learned."""
    alphas: Annotated[tuple[Annotated[float, Field(gt=0.0, lt=1.0)], ...], Field(min_length=1)] = (
        0.98,
        0.6,
        0.3,
        0.15,
        0.05,
    )
    """Weights of the last vector in the means that the residual is computed from; learned."""
    hidden: Count = 1024
    """Width of the layer between those means and the residual."""
    dropout: Fraction = 0.1
    """Dropout on that layer."""
    context_dropout: Fraction = 0.0
    """Share of the context that is left out at random while it learns; never the last vector."""


class AttentionContext(Spec):
    """The exponentially weighted mean, and attention over the context; at first the mean alone."""

    kind: Literal["attention"] = "attention"
    alpha: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.3
    """Weight of the last vector in the mean that it starts from; learned."""
    heads: Count = 8
    """Attention heads, each with a decay of its own over the distance from the end."""
    width: Count = 64
    """Width of each head's queries and keys."""
    hidden: Count = 1024
    """Width of the layer between what the heads read and the residual."""
    dropout: Fraction = 0.1
    """Dropout on that layer."""


ContextSpec = Annotated[
    GruContext | ResidualMeanContext | AttentionContext, Field(discriminator="kind")
]


class QueryTower(LearnedModel):
    """Reads a context of vectors and gives the query; documents are bank rows as they are."""

    kind: Literal["query_tower"] = "query_tower"
    dimension: Count = 384
    """Width of the bank's vectors, and of the query."""
    encoder: ContextSpec = GruContext()
    """What reads the context."""
    similarity: Literal["cosine"] = "cosine"
    """How the query is compared with the bank."""
