"""The pass decides: a switch between tasks, with or without experts that all of them share.

Source: Sturua et al. 2024, jina-embeddings-v3 (arXiv 2409.10173): one LoRA a task, chosen by
whoever calls; an expert that is on for both purposes is shared between them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.models.parts.module import Head
from gonogo.models.parts.serving import served
from gonogo.models.routers.router import Place, Router
from gonogo.spec.model.mixture import HardRouting


class HardRouter(Router):
    """Gate 1 for the experts of the pass's purpose, 0 for all others; nothing is learned.

    Args:
        spec: the experts of each purpose.
        place: where it stands.
    """

    def __init__(self, spec: HardRouting, place: Place) -> None:
        super().__init__(place)
        self._on: Mapping[Head, tuple[int, ...]] = {
            "embedding": tuple(map(place.experts.index, spec.embedding)),
            "scoring": tuple(map(place.experts.index, spec.scoring)),
        }

    def always_on(self, purpose: Head | None) -> tuple[int, ...]:
        """Return the experts of a purpose.

        Raises:
            RuntimeError: where nobody said what the tokens are computed for.
        """
        if purpose is None:
            raise RuntimeError("a hard router was not told whether to embed or to score")
        return self._on[purpose]

    def forward(
        self,
        inputs: Float[Tensor, "m d"],
        real: Bool[Tensor, " m"] | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "m e"]:
        """Return the same gates for all rows."""
        on = self.always_on(served())
        self.tell_constant(on, len(inputs))
        gates = torch.zeros(len(inputs), len(self.place.experts), device=inputs.device)
        gates[:, list(on)] = 1
        return gates
