"""What every head from a backbone's pooled vector to the embedding answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

Start = Literal["random", "svd"]
"""What a head's first values are: random, or the leading directions of the training vectors."""


@dataclass(frozen=True)
class DenseLayer:
    """``activation(weight x + bias)``; ``activation`` as a class below ``torch.nn.modules``."""

    weight: Float[Tensor, "o i"]
    bias: Float[Tensor, "o"]
    activation: Literal["activation.GELU", "linear.Identity"]


class Projection(nn.Module, ABC):
    """Pooled vectors to embeddings; its parameters and buffers are saved with the model's heads.

    Args:
        dimension: width of the embedding.
    """

    reads_unit = False
    """Whether vectors are brought to length 1 before anything else."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension

    @abstractmethod
    def forward(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return embeddings, not normalised."""

    @abstractmethod
    def dense(self) -> list[DenseLayer]:
        """Return the head as dense layers, exactly, without dropout: how other tools hold it.

        They read what ``reads_unit`` says.

        Raises:
            UserError: for a head that is none.
        """

    @property
    def start(self) -> Start:
        """Return which first values a task has to give; all others are given already."""
        return "random"

    def start_at(self, directions: Float[Tensor, "e d"]) -> None:
        """Take the directions that ``start`` asked for."""
        raise TypeError(
            f"not {len(directions)} directions: a {type(self).__name__} starts at random"
        )


def project(
    projection: Projection | None, base: Float[Tensor, "n d"], normalised: bool
) -> Float[Tensor, "n e"]:
    """Return the embedding of pooled vectors; without a projection they are it themselves."""
    embedded = base if projection is None else projection(base).float()
    return nn.functional.normalize(embedded, dim=-1) if normalised else embedded
