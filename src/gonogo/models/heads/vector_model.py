"""A head on vectors that were made elsewhere: no text encoder, so no texts either."""

from __future__ import annotations

from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Device, Precision, Similarity
from gonogo.models.heads.projection import Projection, project
from gonogo.models.heads.projections import build_projection
from gonogo.models.parts.module import LearningModule, load_whole, save_whole
from gonogo.spec.model.model import VectorModel as VectorModelSpec


class VectorModel(LearningModule):
    """Given vectors to embeddings.

    Args:
        spec: width of the vectors, and the head.
        seed: of the head's first values.
        device: where it computes.
        precision: the number format of its matrix products.
    """

    def __init__(
        self, spec: VectorModelSpec, seed: int, *, device: Device, precision: Precision
    ) -> None:
        super().__init__(device, precision)
        self.spec = spec
        self.similarity: Similarity = spec.similarity
        self.projection: Projection | None = build_projection(spec.projection, spec.dimension, seed)
        self.to(device)
        self.eval()

    @property
    def dimension(self) -> int:
        """Return the width of the embeddings."""
        return self.spec.dimension if self.projection is None else self.projection.dimension

    @property
    def base_dimension(self) -> int:
        """Return the width of the vectors that the head reads."""
        return self.spec.dimension

    def put_head(self, head: Projection | None) -> None:
        """Put a head, or none, in the place of the model's own."""
        self.projection = head

    def project(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return fp32 embeddings; normalised when compared by cosine."""
        return project(self.projection, base, self.similarity == "cosine")

    def save(self, folder: Path) -> None:
        """Write what `gonogo.models.build.build.load_model` needs."""
        save_whole(self, self.spec, folder)


def load_vector_model(
    spec: VectorModelSpec, folder: Path, *, device: Device, precision: Precision
) -> VectorModel:
    """Load what `VectorModel.save` wrote."""
    model = VectorModel(spec, 0, device=device, precision=precision)
    load_whole(model, folder)
    return model
