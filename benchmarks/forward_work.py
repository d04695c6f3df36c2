"""How many floating-point operations a transformer's forward pass over some rows must do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn


def forward_flops(transformer: nn.Module, lengths: Sequence[int]) -> float:
    """Return 2 for each weight of a linear layer and token, and the two products of attention.

    Padding, norms and activations are not work that must be done, or too little to count.

    Args:
        transformer: a model of transformers, every token attending to every other of its row.
        lengths: tokens of each row.
    """
    layers = [part for part in transformer.modules() if isinstance(part, nn.Linear)]
    config: Any = transformer.config
    attention: float = 4.0 * config.hidden_size * config.num_hidden_layers
    linear = 2.0 * sum(layer.weight.numel() for layer in layers)
    return sum(linear * length + attention * length**2 for length in lengths)


def saved_by_first_token(transformer: nn.Module, lengths: Sequence[int]) -> float:
    """Return what need not be done where only the first token of the last layer is asked for.

    Its keys and values are still needed for all tokens; queries, the attention's output and the
    two layers behind it are not.

    Args:
        transformer: BERT-like.
        lengths: tokens of each row.
    """
    config: Any = transformer.config
    width, inner = config.hidden_size, config.intermediate_size
    linear: float = 2.0 * (2 * width**2 + 2 * width * inner)
    attention: float = 4.0 * width
    return sum(linear * (length - 1) + attention * (length**2 - length) for length in lengths)
