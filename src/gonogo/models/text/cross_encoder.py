"""Pairs to scores: query and document read together, by a yes/no answer or a small head."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.packed_encoder import packed
from gonogo.models.backbone.shared_prefix import AfterPrefix, keeps_all_keys
from gonogo.models.parts.heads import MlpScore, YesNoScore
from gonogo.models.parts.pooling import Pooling, pad_right
from gonogo.models.parts.prompts import PairLayout


class CrossEncoder(nn.Module):
    """A backbone, a layout of pairs and a score head.

    Args:
        backbone: shared with the bi-encoder.
        layout: how a pair becomes token ids.
        head: from the pooled vector to the score.
        pooling: how token vectors become one.
    """

    def __init__(
        self, backbone: Backbone, layout: PairLayout, head: MlpScore | YesNoScore, pooling: Pooling
    ) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        self.pad_id = layout.tokenizer.pad_id
        self._layout, self._pooling = layout, pooling
        types = int(getattr(backbone.transformer.config, "type_vocab_size", 0) or 0)
        # BERT marks the second text by a type; RoBERTa-like models have one type or none.
        self._first_end = layout.bridge[0] if types > 1 and backbone.kind == "encoder" else None

    def tokenize(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Return the ids of (query, document) pairs; only documents are shortened. No padding."""
        return self._layout.tokenize(pairs)

    def forward(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n"]:
        """Return fp32 logits to rank by, never squashed; padding may stand on either side."""
        input_ids, attention_mask = pad_right(input_ids, attention_mask)
        types = self._token_types(input_ids, attention_mask)
        vectors = self.backbone.pooled(input_ids, attention_mask, self._pooling, types)
        score: Tensor = self.head(vectors)
        return score

    def on_rows(self) -> Callable[[list[list[int]]], Float[Tensor, "n"]] | None:
        """Return `forward` for rows of ids without padding, for inference, where it is faster."""
        encoder = packed(self.backbone)
        if encoder is None:
            return None

        def score(rows: list[list[int]]) -> Float[Tensor, "n"]:
            logits: Tensor = self.head(encoder.pooled(rows, self._pooling, self._row_types(rows)))
            return logits

        return score

    @property
    def shares_prefixes(self) -> bool:
        """Return whether rows that begin alike can be scored by `after`."""
        return self._pooling == "last_token" and keeps_all_keys(self.backbone)

    def after(self, prefix: Sequence[int]) -> AfterPrefix:
        """Return `forward` for the rest of rows that begin with ``prefix``, for inference."""
        return AfterPrefix(self.backbone, prefix, self.head, self.pad_id)

    def _row_types(self, rows: list[list[int]]) -> list[list[int]] | None:
        """Return for rows what `_token_types` does for a padded block."""
        if self._first_end is None:
            return None
        firsts = [row.index(self._first_end) + 1 for row in rows]
        return [
            [0] * first + [1] * (len(row) - first) for first, row in zip(firsts, rows, strict=True)
        ]

    def _token_types(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Int[Tensor, "n t"] | None:
        """Return 0 up to the first separator and 1 behind it, 0 on padding."""
        if self._first_end is None:
            return None
        ends = (input_ids == self._first_end).long()
        behind = (ends.cumsum(1) - ends).clamp(max=1)
        return torch.where(attention_mask > 0, behind, 0)
