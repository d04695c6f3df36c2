"""Terms beside the objective that shape the whole set of embeddings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gonogo.spec.base import Count, Spec


class _Term(Spec):
    weight: float = Field(default=1.0, ge=0.0)
    """The term is multiplied by this; 0 leaves it out."""


class _Moments(_Term):
    memory: int = Field(default=0, ge=0)
    """Embeddings of earlier batches, without gradient, that the statistics are taken over too: a
    small batch alone is biased."""


class Sigreg(_Term):
    """SIGReg: random one-dimensional slices tested against N(0, 1) (LeJEPA, arXiv 2511.08544)."""

    kind: Literal["sigreg"] = "sigreg"
    slices: Count = 256
    """Random directions, drawn anew at each step from the trial's seed."""


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


RegulariserSpec = Annotated[Sigreg | CovarianceTerm | VarianceTerm, Field(discriminator="kind")]
