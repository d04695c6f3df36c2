"""Which texts every model is embedded on for a look at its geometry."""

from __future__ import annotations

from pydantic import Field

from gonogo.spec.base import Spec
from gonogo.spec.data.text_data import DataSpec


class GeometrySpec(Spec):
    """Isotropy, cosines, norms and spectrum of every trial and reference row, on the same texts."""

    texts: DataSpec
    """The data set whose documents are embedded."""
    count: int = Field(default=5000, ge=2)
    """At most this many of them. Isotropy rises with the number, so it is stated beside it."""
