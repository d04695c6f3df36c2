"""The query tower: a context of consecutive vectors to the vector that should come next."""

from __future__ import annotations

from pathlib import Path

from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision
from gonogo.models.next_vector.contexts import build_context
from gonogo.models.parts.module import LearningModule, load_whole, save_whole
from gonogo.spec.next_vector.towers import QueryTower as QueryTowerSpec


class QueryTower(LearningModule):
    """Contexts to queries; the document tower is the identity.

    Args:
        spec: width of the vectors, and what reads the context.
        seed: of the first values.
        device: where it computes.
        precision: the number format of its matrix products.
    """

    def __init__(
        self, spec: QueryTowerSpec, seed: int, *, device: Device, precision: Precision
    ) -> None:
        super().__init__(device, precision)
        self.spec = spec
        self.encoder = build_context(spec.encoder, spec.dimension, seed)
        self.to(device)
        self.eval()

    def forward(
        self, context: Float[Tensor, "n t d"], present: Bool[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return fp32 queries at length 1.

        Args:
            context: consecutive vectors, oldest first.
            present: false where a shorter context was padded, in front.
        """
        query: Tensor = self.encoder(context, present)
        return nn.functional.normalize(query.float(), dim=-1)

    def check_width(self, dimension: int, bank: Path) -> None:
        """Refuse a bank whose vectors are not as wide as this tower's.

        Raises:
            UserError: naming both widths.
        """
        if dimension != self.spec.dimension:
            raise UserError(
                f"the bank's vectors have {dimension} numbers, the tower reads"
                f" {self.spec.dimension}",
                file=bank,
                place="model.dimension",
                hint=f"model: {{dimension: {dimension}}}",
            )

    def save(self, folder: Path) -> None:
        """Write what `gonogo.models.build.build.load_model` needs."""
        save_whole(self, self.spec, folder)


def load_query_tower(
    spec: QueryTowerSpec, folder: Path, *, device: Device, precision: Precision
) -> QueryTower:
    """Load what `QueryTower.save` wrote."""
    model = QueryTower(spec, 0, device=device, precision=precision)
    load_whole(model, folder)
    return model
