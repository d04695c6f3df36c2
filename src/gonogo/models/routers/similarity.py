"""Gates from cosines with pilot vectors: an expert is asked about what looks like its own texts.

Source: Lee et al. 2025, RouterRetriever (arXiv 2409.02685): a query goes to the expert whose pilot
embeddings are on average the most similar. Here each layer compares its own input, and softmax over
cosines weighs the experts; with ``top: 1`` and a gate a sequence it is the paper's choice. Pilots
that learn are the cosine router of Chi et al. 2022 (arXiv 2204.09179).
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.models.routers.learned import LearnedRouter, Routing
from gonogo.models.routers.router import Place
from gonogo.models.routers.softmax import largest
from gonogo.spec.model.mixture import SimilarityRouting


class SimilarityRouter(LearnedRouter):
    """g = softmax(mean cosine with an expert's pilots / temperature).

    Its weights are the pilots: the mean of an expert's unit vectors, whose product with a unit
    vector is the mean cosine; a pilot that learns is one vector, and made a unit one.

    Args:
        spec: temperature and choice, balance and jitter.
        place: where it stands.
    """

    def __init__(self, spec: SimilarityRouting, place: Place) -> None:
        super().__init__(spec, place)
        self._temperature, self._top = spec.temperature, spec.top
        self._texts = spec.pilots
        self.weight.requires_grad_(spec.pilots is None)

    def pilot_texts(self) -> list[tuple[str, ...]] | None:
        """Return the texts of each expert, in order; None where pilots learn."""
        texts = self._texts
        return None if texts is None else [texts[name] for name in self.place.experts]

    def scores(
        self, inputs: Float[Tensor, "m d"], products: Float[Tensor, "m e"]
    ) -> Float[Tensor, "m e"]:
        """Return cosines over the temperature."""
        lengths: Tensor = inputs.to(products.dtype).norm(dim=-1, keepdim=True).clamp_min(1e-6)
        if self._texts is None:
            products = products / self.weight.norm(dim=-1).clamp_min(1e-6)
        cosines = products / lengths
        return cosines / self._temperature

    def route(
        self,
        inputs: Float[Tensor, "m d"],  # noqa: ARG002
        scores: Float[Tensor, "m e"],
        shifted: Float[Tensor, "m e"],
        real: Bool[Tensor, " m"] | None,  # noqa: ARG002
    ) -> Routing:
        """Return the gates."""
        return largest(scores, shifted, self._top)

    @torch.no_grad()
    def take_pilots(self, vectors: Float[Tensor, "e p d"] | list[Float[Tensor, "p d"]]) -> None:
        """Take the vectors of each expert's texts before this layer as its pilots."""
        for expert, found in enumerate(vectors):
            unit = nn.functional.normalize(found.to(self.weight.dtype), dim=-1)
            self.weight[expert] = unit.mean(0)
