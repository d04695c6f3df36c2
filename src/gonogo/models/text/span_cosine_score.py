"""The cosine of query and document, each pooled apart after both were read in one sequence.

Late interaction in one context (Wang et al. 2025, jina-reranker-v3, arXiv 2509.25085), here for one
document a sequence and without its projector. What a bi-encoder knows is where it starts.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.isolated import check_isolable, isolated_first
from gonogo.models.backbone.packed_encoder import PackedEncoder
from gonogo.models.parts.pooling import pool, pool_rows
from gonogo.models.parts.prompts import PairLayout, encoder_pairs, instructed
from gonogo.models.text.score_head import Ground, ScoreHead, Types
from gonogo.spec.model.model import SpanCosineScoring


class SpanCosineScore(ScoreHead):
    """``e^a cos(q, d) + b``: q and d are the means of the two texts' token vectors.

    The first text ends with the first token of the layout's bridge, a control token that no text
    holds; what stands before it belongs to the query, what stands behind it to the document.

    Args:
        layout: how a pair becomes token ids.
        scale: first value of e^a; b starts at 0.
        isolated_layers: first layers of the backbone in which the texts do not see each other.

    Raises:
        UserError: for a layout without a control token behind each text.
    """

    def __init__(self, layout: PairLayout, scale: float, isolated_layers: int = 0) -> None:
        super().__init__(layout)
        self.isolated_layers = isolated_layers
        if not layout.bridge or not layout.closing:
            raise UserError(
                "the tokenizer sets no control token behind a text, so spans have no end",
                place="model.scoring.kind",
                hint="use scoring: {kind: mlp}",
            )
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.offset = nn.Parameter(torch.tensor(0.0))

    def forward(
        self, queries: Float[Tensor, "n d"], documents: Float[Tensor, "n d"]
    ) -> Float[Tensor, "n"]:
        """Return one logit for each pair of pooled spans."""
        with torch.autocast(queries.device.type, enabled=False):
            cosines = nn.functional.cosine_similarity(queries, documents, dim=-1)
            return self.log_scale.exp() * cosines + self.offset

    def read(
        self,
        backbone: Backbone,
        input_ids: Int[Tensor, "n t"],
        attention_mask: Int[Tensor, "n t"],
        types: Int[Tensor, "n t"] | None,
    ) -> Float[Tensor, "n"]:
        """Read both texts, pool each, and compare."""
        behind = self._behind_query(input_ids)
        if self.isolated_layers:
            hidden = isolated_first(
                backbone, input_ids, attention_mask, behind, self.isolated_layers
            )
        else:
            hidden = backbone(input_ids, attention_mask, types)
        spans = (pool(hidden, attention_mask * part, "mean") for part in (~behind, behind))
        score: Tensor = self(*spans)
        return score

    def read_rows(
        self, encoder: PackedEncoder, rows: list[list[int]], types: Types | None
    ) -> Float[Tensor, "n"]:
        """Read both texts, pool each, and compare."""
        texts: list[list[int]] = []
        for row in rows:
            query = row.index(self.layout.bridge[0], len(self.layout.opening)) + 1
            texts += [row[:query], row[query:]]
        if self.isolated_layers:
            hidden = encoder.isolated_first(texts, self.isolated_layers)
        else:
            hidden = encoder(rows, types)
        spans = pool_rows(hidden, [len(text) for text in texts], "mean")
        score: Tensor = self(spans[::2], spans[1::2])
        return score

    def _behind_query(self, input_ids: Int[Tensor, "n t"]) -> Bool[Tensor, "n t"]:
        ends = input_ids == self.layout.bridge[0]
        ends[:, : len(self.layout.opening)] = False  # a decoder's first token may be its end token
        ends = ends.long()
        return (ends.cumsum(1) - ends) > 0


def span_cosine_score(spec: SpanCosineScoring, on: Ground) -> SpanCosineScore:
    """Return the head.

    An encoder reads its tokenizer's own pair, or, where layers are isolated, the two texts as it
    embeds them. A decoder reads what it embeds: the instructed query, an end token, the document,
    an end token; the document sees the query, and not the reverse.

    Raises:
        UserError: for layers that cannot be isolated.
    """
    tokenizer, query, pair = on.tokenizer, on.lengths.query, on.lengths.pair
    if spec.isolated_layers:
        check_isolable(on.backbone, spec.isolated_layers)
        before, after = list(tokenizer.single.before), list(tokenizer.single.after)
        own = query - len(before) - len(after)
        layout = PairLayout(tokenizer, before, [*after, *before], after, own, pair)
    elif on.backbone.kind == "encoder":
        layout = encoder_pairs(tokenizer, query, pair)
    else:
        asked = tokenizer.encode([instructed("", on.instruction)])[0]
        opening, end = [*tokenizer.single.before, *asked], [tokenizer.end_id]
        own = query - len(opening) - len(end)  # lengths.query holds the instruction
        layout = PairLayout(tokenizer, opening, end, end, own, pair)
    return SpanCosineScore(layout, spec.scale, spec.isolated_layers)
