"""An encoder as far as its pooled vectors: what heads stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor, nn

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.packed_encoder import is_packable, packed
from gonogo.models.parts.pooling import Pooling


@dataclass
class Pooled:
    """Pooled vectors of token ids, fp32 and not normalised.

    Attributes:
        base: padded ids and attention mask (n t) to pooled vectors (n d).
        backbone: what gives token vectors, in evaluation mode.
        pooling: how they become one.
        pad_id: fills rows up.
    """

    base: Callable[[Tensor, Tensor], Tensor]
    backbone: nn.Module
    pooling: Pooling
    pad_id: int

    def __call__(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return the vectors of padded rows."""
        return self.base(input_ids, attention_mask)

    def on_rows(self) -> Callable[[list[list[int]]], Float[Tensor, "n d"]] | None:
        """Return the same for rows of ids without padding, where there is a faster form."""
        forward = packed(self.backbone) if isinstance(self.backbone, Backbone) else None
        return None if forward is None else lambda rows: forward.pooled(rows, self.pooling)

    def has_rows(self) -> bool:
        """Tell whether there is a faster form, without making it."""
        return isinstance(self.backbone, Backbone) and is_packable(self.backbone)
