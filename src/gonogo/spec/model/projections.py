"""Heads that turn a backbone's pooled vector into the embedding that is searched."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.spec.base import Count, Fraction, Positive, Spec


class MlpProjection(Spec):
    """Linear, GELU, dropout, linear; its output is left as long as it is (see ``similarity``)."""

    kind: Literal["mlp"] = "mlp"
    widening: Positive = 2.0
    """Width of the layer between, as a multiple of the backbone's dimension."""
    dimension: Count = 512
    """Width of the embedding."""
    dropout: Fraction = 0.1
    """Dropout between the two layers."""


class ResidualProjection(Spec):
    """An MLP beside a scaled linear skip, on vectors of length 1: a student of its backbone."""

    kind: Literal["residual"] = "residual"
    hidden: Count = 512
    """Width of the layer between."""
    dimension: Count = 128
    """Width of the embedding."""
    dropout: Fraction = 0.1
    """Dropout between the two layers."""
    skip_scale: float = 0.1
    """First value of the scale of the linear skip, which is learned."""
    skip_start: Literal["random", "svd"] = "random"
    """First value of the skip: random, or the leading directions of the training vectors."""


ProjectionSpec = Annotated[MlpProjection | ResidualProjection, Field(discriminator="kind")]
