"""Terms beside the objective that shape the whole set of embeddings."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gonogo.spec.base import HASHED_UNLESS_DEFAULT, Count, Spec


class _Term(Spec):
    weight: float = Field(default=1.0, ge=0.0)
    """The term is multiplied by this; 0 leaves it out."""
    blend: Annotated[
        float | None, Field(gt=0.0, lt=1.0, json_schema_extra=HASHED_UNLESS_DEFAULT)
    ] = None
    """Instead of a weight: (1 - blend) x objective + blend x term, LeJEPA's convex form, in which
    more of the term is less of the objective."""

    @model_validator(mode="after")
    def _weight_or_blend(self) -> Self:
        if self.blend is not None and self.weight != 1.0:
            raise ValueError("weight and blend are two ways to say one thing; keep one of them")
        return self

    @property
    def factor(self) -> float:
        """Return what the term is multiplied by."""
        return self.weight if self.blend is None else self.blend


class _Moments(_Term):
    memory: int = Field(default=0, ge=0)
    """Embeddings of earlier batches, without gradient, that the statistics are taken over too: a
    small batch alone is biased."""


class Sigreg(_Term):
    """SIGReg: random one-dimensional slices tested against N(0, 1) (LeJEPA, arXiv 2511.08544)."""

    kind: Literal["sigreg"] = "sigreg"
    slices: Count = 256
    """Random directions, drawn anew at each step from the trial's seed."""
    normalise: Annotated[
        Literal["none", "count"], Field(json_schema_extra=HASHED_UNLESS_DEFAULT)
    ] = "none"
    """count: the statistic over the number of rows, so that its scale is the same at every batch
    size (1.05 / n at its floor, 0.40 at a collapse); none: the statistic itself."""


class CovarianceTerm(_Moments):
    """Frobenius distance of the covariance to a scaled identity."""

    kind: Literal["covariance"] = "covariance"
    memory: int = Field(default=2048, ge=0)
    """Embeddings of earlier batches, without gradient, that the covariance is taken over too: that
    of perfect embeddings is 0.18 from the identity over 32 rows alone, 0.02 over 2,048 more."""
    target_variance: float | None = Field(default=None, gt=0.0)
    """Variance of each dimension; null takes the mean variance, whatever it is."""


class VarianceTerm(_Moments):
    """Squared distance of each dimension's standard deviation to a target (after VICReg)."""

    kind: Literal["variance"] = "variance"
    target: float = Field(default=1.0, gt=0.0)
    """Standard deviation wanted."""


class IsoscoreTerm(_Moments):
    """1 - IsoScore*, the share of dimensions that is not used evenly (I-STAR, arXiv 2305.19358)."""

    kind: Literal["isoscore"] = "isoscore"
    memory: int = Field(default=2048, ge=0)
    """Embeddings of earlier batches, without gradient, whose covariance that of the batch is drawn
    to."""
    shrinkage: float = Field(default=0.2, ge=0.0, lt=1.0)
    """How far it is drawn: the paper's zeta."""


RegulariserSpec = Annotated[
    Sigreg | CovarianceTerm | VarianceTerm | IsoscoreTerm, Field(discriminator="kind")
]
