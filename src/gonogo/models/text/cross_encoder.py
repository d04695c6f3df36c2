"""Pairs to scores: query and document read together, by whatever head scores them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.packed_encoder import is_packable, packed
from gonogo.models.backbone.shared_prefix import AfterPrefix, keeps_all_keys
from gonogo.models.parts.pooling import pad_right
from gonogo.models.parts.serving import serving
from gonogo.models.text.score_head import ScoreHead


class CrossEncoder(nn.Module):
    """A backbone and a score head.

    Args:
        backbone: shared with the bi-encoder.
        head: lays pairs out, and scores them by the backbone.
    """

    def __init__(self, backbone: Backbone, head: ScoreHead) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        layout = head.layout
        self.pad_id = layout.tokenizer.pad_id
        types = int(getattr(backbone.transformer.config, "type_vocab_size", 0) or 0)
        # BERT marks the second text by a type; RoBERTa-like models have one type or none.
        self._first_end = layout.bridge[0] if types > 1 and backbone.kind == "encoder" else None

    def tokenize(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Return the ids of (query, document) pairs; only documents are shortened. No padding."""
        return self.head.layout.tokenize(pairs)

    def forward(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n"]:
        """Return fp32 logits to rank by, never squashed; padding may stand on either side."""
        input_ids, attention_mask = pad_right(input_ids, attention_mask)
        types = self._token_types(input_ids, attention_mask)
        with serving("scoring"):
            return self.head.read(self.backbone, input_ids, attention_mask, types)

    def on_rows(self) -> Callable[[list[list[int]]], Float[Tensor, "n"]] | None:
        """Return `forward` for rows of ids without padding, for inference, where it is faster."""
        encoder = packed(self.backbone)
        if encoder is None:
            return None

        def score(rows: list[list[int]]) -> Float[Tensor, "n"]:
            return self.head.read_rows(encoder, rows, self._row_types(rows))

        return score

    def has_rows(self) -> bool:
        """Tell whether there is a faster form, without making it."""
        return is_packable(self.backbone)

    @property
    def shares_prefixes(self) -> bool:
        """Return whether rows that begin alike can be scored by `after`."""
        return self.head.of_last_token is not None and keeps_all_keys(self.backbone)

    def after(self, prefix: Sequence[int]) -> AfterPrefix:
        """Return `forward` for the rest of rows that begin with ``prefix``, for inference."""
        value = self.head.of_last_token
        if value is None:
            raise TypeError(f"a {type(self.head).__name__} reads more than the last token")
        return AfterPrefix(self.backbone, prefix, value, self.pad_id)

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
