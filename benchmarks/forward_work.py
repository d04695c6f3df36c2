"""How many floating-point operations a transformer's forward pass over some rows must do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from gonogo.models.backbones import Backbone
from gonogo.training.retrieval_task import RetrievalTask


def forward_flops(backbone: Backbone, lengths: Sequence[int]) -> float:
    """Return 2 for each weight of a linear layer and token, and the two products of attention.

    Padding, norms and activations are not work that must be done, or too little to count. Tokens
    of an encoder attend to all n of their row, those of a decoder to what stands before them and
    themselves: n (n + 1) / 2 pairs in place of n^2.

    Args:
        backbone: its attention is as wide as its token vectors.
        lengths: tokens of each row.
    """
    config: Any = backbone.transformer.config
    attention: float = 4.0 * config.hidden_size * config.num_hidden_layers
    linear = linear_flops(backbone)
    pairs = [
        length * (length + 1) / 2 if backbone.kind == "decoder" else length**2 for length in lengths
    ]
    return linear * sum(lengths) + attention * sum(pairs)


def linear_flops(module: nn.Module) -> float:
    """Return 2 for each weight of a linear layer: what one row of its input costs."""
    layers = [part for part in module.modules() if isinstance(part, nn.Linear)]
    return 2.0 * sum(layer.weight.numel() for layer in layers)


def distinct_rows(task: RetrievalTask, index: int) -> list[int]:
    """Return the numbers of a batch's token rows; each goes through the model once."""
    batch = task.batch(index)
    parts = [batch.queries, batch.positives, batch.negatives.ravel()]
    rows: list[int] = np.unique(np.concatenate(parts)).tolist()
    return rows


def saved_by_first_token(backbone: Backbone, lengths: Sequence[int]) -> float:
    """Return what need not be done where only the first token of the last layer is asked for.

    Its keys and values are still needed for all tokens; queries, the attention's output and the
    two layers behind it are not.

    Args:
        backbone: BERT-like.
        lengths: tokens of each row.
    """
    config: Any = backbone.transformer.config
    width, inner = config.hidden_size, config.intermediate_size
    linear: float = 2.0 * (2 * width**2 + 2 * width * inner)
    attention: float = 4.0 * width
    return sum(linear * (length - 1) + attention * (length**2 - length) for length in lengths)
