"""The answer of a decoder that is asked for yes or no (Qwen3-Reranker, arXiv 2506.05176)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.models.backbone.backbones import output_rows
from gonogo.models.parts.prompts import PairLayout, judge_pairs
from gonogo.models.text.score_head import Ground, PooledScore
from gonogo.spec.model.model import YesNoScoring


class YesNoScore(PooledScore):
    """The margin logit(yes) - logit(no) from two rows of the language-model head, which are fixed.

    Args:
        layout: how a pair becomes token ids.
        rows: the head's rows for yes and for no, in this order.
    """

    def __init__(self, layout: PairLayout, rows: Float[Tensor, "2 d"]) -> None:
        super().__init__(layout, "last_token")
        self.register_buffer("rows", rows.float())
        self.rows: Tensor

    def forward(self, pooled: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Return one margin a row of last-token vectors."""
        with torch.autocast(pooled.device.type, enabled=False):
            return pooled @ (self.rows[0] - self.rows[1])


def yes_no_score(spec: YesNoScoring, on: Ground) -> YesNoScore:
    """Return the head, its rows read from the checkpoint.

    Raises:
        UserError: for an encoder, or a vocabulary that lacks the answers.
    """
    if on.backbone.kind == "encoder":
        raise UserError(
            f"{on.name!r} is an encoder and has no next token to answer yes or no with",
            place="model.scoring.kind",
            hint="use scoring: {kind: mlp}",
        )
    layout = judge_pairs(on.tokenizer, spec.instruction, on.lengths.query, on.lengths.pair)
    if on.checkpoint is None:
        return YesNoScore(layout, torch.zeros(2, on.backbone.dimension))
    answers = [on.tokenizer.word_id(word) for word in ("yes", "no")]
    return YesNoScore(layout, output_rows(on.checkpoint, on.backbone.transformer, answers))
