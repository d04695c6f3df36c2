"""Heads that turn a backbone's pooled vector into the embedding that is searched."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gonogo.spec.base import HASHED_UNLESS_DEFAULT, Count, Fraction, Positive, Spec

ProjectionStart = Annotated[
    Literal["random", "identity"], Field(json_schema_extra=HASHED_UNLESS_DEFAULT)
]


class MlpProjection(Spec):
    """Linear, GELU, dropout, linear; its output is left as long as it is (see ``similarity``)."""

    kind: Literal["mlp"] = "mlp"
    widening: Positive = 2.0
    """Width of the layer between, as a multiple of the backbone's dimension."""
    dimension: Count = 512
    """Width of the embedding."""
    dropout: Fraction = 0.1
    """Dropout between the two layers."""
    start: ProjectionStart = "random"
    """identity: the untrained head passes its input on, whose ranking it so keeps (widening from 2
    on, as wide as the backbone): x = gelu(x) - gelu(-x)."""

    @model_validator(mode="after")
    def _identity_has_room(self) -> Self:
        if self.start == "identity" and self.widening < 2:
            raise ValueError(f"start: identity needs widening 2 or more, not {self.widening:g}")
        return self


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
    start: ProjectionStart = "random"
    """identity: s (u + W2 gelu(W1 u)) as wide as the backbone, W2 = 0 and s the root of the width,
    so that the untrained head keeps the backbone's ranking; it has no skip of its own."""

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if self.start == "identity" and self.skip_start != "random":
            raise ValueError(
                f"start: identity has no skip; leave out skip_start: {self.skip_start}"
            )
        return self


ProjectionSpec = Annotated[MlpProjection | ResidualProjection, Field(discriminator="kind")]
