"""Towers over sequences of vectors: what encodes a context of consecutive vectors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.core.types import Similarity
from gonogo.spec.base import Count, Fraction, Spec


class GruContext(Spec):
    """A bidirectional GRU, averaged over the context, and a linear layer (Cho et al. 2014)."""

    kind: Literal["gru"] = "gru"
    hidden: Count = 512
    """Width of each direction."""
    layers: Count = 1
    """Layers on top of one another."""
    dropout: Fraction = 0.0
    """Dropout on the mean, before the linear layer."""


ContextSpec = Annotated[GruContext, Field()]


class QueryTower(Spec):
    """Reads a context of vectors and gives the query; documents are bank rows as they are."""

    kind: Literal["query_tower"] = "query_tower"
    dimension: Count = 384
    """Width of the bank's vectors, and of the query."""
    encoder: ContextSpec = GruContext()
    """What reads the context."""
    similarity: Similarity = "cosine"
    """How the query is compared with the bank."""
