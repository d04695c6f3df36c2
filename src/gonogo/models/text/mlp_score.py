"""A small network on the pooled pair, as published BERT rerankers have it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.models.parts.pooling import Pooling
from gonogo.models.parts.prompts import PairLayout, encoder_pairs, judge_pairs
from gonogo.models.parts.seeded_linear import seeded_linear
from gonogo.models.text.score_head import Ground, PooledScore
from gonogo.spec.model.model import MlpScoring, YesNoScoring


class MlpScore(PooledScore):
    """Two layers from a pair's vector to its score: w2 . gelu(W1 x + b1) + b2.

    In fp32, whatever the backbone computes in.

    Args:
        layout: how a pair becomes token ids.
        pooling: how the pair's token vectors become one.
        dimension: width of the pair's vector.
        hidden: width of the layer between.
        seed: of the first values.
    """

    def __init__(
        self, layout: PairLayout, pooling: Pooling, dimension: int, hidden: int, seed: int
    ) -> None:
        super().__init__(layout, pooling)
        self.inner = seeded_linear(dimension, hidden, seed, "mlp_score", "inner")
        self.outer = seeded_linear(hidden, 1, seed, "mlp_score", "outer")

    def forward(self, pooled: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Return one logit a pair."""
        with torch.autocast(pooled.device.type, enabled=False):
            score: Tensor = self.outer(nn.functional.gelu(self.inner(pooled)))
            return score.squeeze(-1)


def mlp_score(spec: MlpScoring, on: Ground) -> MlpScore:
    """Return the head; decoders read a pair as the question that `YesNoScoring` asks by default."""
    pooling = on.pooling if spec.pooling == "auto" else spec.pooling
    query, pair = on.lengths.query, on.lengths.pair
    if on.backbone.kind == "decoder":
        layout = judge_pairs(on.tokenizer, YesNoScoring().instruction, query, pair)
    else:
        layout = encoder_pairs(on.tokenizer, query, pair)
    return MlpScore(layout, pooling, on.backbone.dimension, spec.hidden, on.seed)
