"""How many floating-point operations a transformer's forward pass over some rows must do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from gonogo.models.backbone.backbones import Backbone
from gonogo.training.text.retrieval_task import RetrievalTask


def forward_flops(backbone: Backbone, lengths: Sequence[int], *, one_token: bool = False) -> float:
    """Return 2 for each weight of a linear layer and token, and the two products of attention.

    Padding, norms and activations are not work that must be done, or too little to count. Tokens
    of an encoder attend to all n of their row, those of a decoder to what stands before them and
    themselves: n (n + 1) / 2 pairs in place of n^2.

    Args:
        backbone: its attention is as wide as its token vectors.
        lengths: tokens of each row.
        one_token: whether one token of the last block is asked for: see `saved_by_one_token`.
    """
    config: Any = backbone.transformer.config
    attention: float = 4.0 * config.hidden_size * config.num_hidden_layers
    pairs = sum(_pairs(backbone, length) for length in lengths)
    whole = linear_flops(backbone) * sum(lengths) + attention * pairs
    return whole - (saved_by_one_token(backbone, lengths) if one_token else 0.0)


def _pairs(backbone: Backbone, length: int) -> float:
    return length * (length + 1) / 2 if backbone.kind == "decoder" else float(length**2)


def linear_flops(module: nn.Module) -> float:
    """Return 2 for each weight of a linear layer: what one row of its input costs."""
    return 2.0 * _weights(_linears(module))


def frozen_flops(backbone: Backbone, lengths: Sequence[int], one_token: bool) -> float:
    """Return the products with the weights below adapters, as often as they are computed.

    Args:
        backbone: the model.
        lengths: tokens of each row.
        one_token: whether one token of the last block is asked for.
    """
    frozen = 2.0 * _weights(_frozen(_linears(backbone))) * sum(lengths)
    if one_token:
        unread = sum(lengths) - len(lengths)
        frozen -= 2.0 * _weights(_frozen(_read_by_one_token(backbone))) * unread
    return frozen


def _linears(module: nn.Module) -> dict[str, nn.Linear]:
    return {name: part for name, part in module.named_modules() if isinstance(part, nn.Linear)}


def _frozen(linears: dict[str, nn.Linear]) -> dict[str, nn.Linear]:
    return {name: part for name, part in linears.items() if name.endswith("base_layer")}


def _weights(linears: dict[str, nn.Linear]) -> int:
    return sum(part.weight.numel() for part in linears.values())


def distinct_rows(task: RetrievalTask, index: int) -> list[int]:
    """Return the numbers of a batch's token rows; each goes through the model once."""
    batch = task.batch(index)
    parts = [batch.queries, batch.positives, batch.negatives.ravel()]
    rows: list[int] = np.unique(np.concatenate(parts)).tolist()
    return rows


def saved_by_one_token(backbone: Backbone, lengths: Sequence[int]) -> float:
    """Return what need not be done where only one token of the last block is asked for.

    The first one of an encoder, the last one of a decoder; each attends to all n.

    Args:
        backbone: BERT-like or Llama-like.
        lengths: tokens of each row.
    """
    linear = 2.0 * _weights(_read_by_one_token(backbone))
    attention: float = 4.0 * backbone.dimension
    return sum(
        linear * (length - 1) + attention * (_pairs(backbone, length) - length)
        for length in lengths
    )


def _read_by_one_token(backbone: Backbone) -> dict[str, nn.Linear]:
    """Return the linear layers of the last block, but for keys and values."""
    transformer: Any = backbone.transformer
    blocks = getattr(transformer, "layers", None) or transformer.encoder.layer
    of_all = {"key", "value", "k_proj", "v_proj"}
    return {
        name: part for name, part in _linears(blocks[-1]).items() if not of_all & {*name.split(".")}
    }
