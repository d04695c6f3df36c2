"""BERT-like encoders over rows laid end to end, for inference on a CPU.

The padded pass spends its time on padding, masks, unblocked weights and torch's attention kernel,
which reaches a quarter of the product peak at 32 dimensions a head. Here rows follow one another
without padding, so a row's vectors hold nothing of its neighbours; weights lie in oneDNN's blocked
layout, with GELU and the residual sum inside the product; and in bf16 short rows attend by two
batched products around a softmax, whose scores are rounded to bf16 (the fused kernel's are not; the
embeddings' distance to fp32 is the same, docs/lab-log.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel, PreTrainedModel, RobertaModel, XLMRobertaModel

from gonogo.models.backbone.backbones import Backbone, first_position
from gonogo.models.kernels.attention import attend_from_one, text_blocks
from gonogo.models.parts.pooling import Pooling, pool_rows

Ids = Sequence[Sequence[int]]

_LAYOUTS = (BertModel, RobertaModel, XLMRobertaModel)  # the same layers under the same names
_FUSED_FROM = 512  # tokens of a row from which torch's fused kernel is faster, measured
_ROWS_AT_ONCE = 1024  # what oneDNN lays weights out for; other sizes run as well


class _Linear(NamedTuple):
    """Blocked weights and bias."""

    weight: Tensor
    bias: Tensor


class _Layer(NamedTuple):
    """One transformer block: query, key and value as one product."""

    qkv: _Linear
    out: _Linear
    first_norm: nn.LayerNorm
    up: _Linear
    down: _Linear
    second_norm: nn.LayerNorm


class PackedEncoder:
    """The token vectors of a BERT-like backbone, computed without padding.

    Args:
        transformer: a `BertModel`, `RobertaModel` or `XLMRobertaModel`; its weights are copied as
            they are now.
        dtype: of products and token vectors. Sums and norms inside run in fp32.
    """

    def __init__(self, transformer: PreTrainedModel, dtype: torch.dtype) -> None:
        config, parts = transformer.config, cast(Any, transformer).embeddings
        self._dtype = dtype
        self._heads = int(config.num_attention_heads)
        self._width = int(config.hidden_size) // self._heads
        self._tables = [
            parts.word_embeddings.weight.detach(),
            parts.position_embeddings.weight.detach(),
            parts.token_type_embeddings.weight.detach(),
        ]
        self._first_position = first_position(transformer)
        self._norm = parts.LayerNorm
        self._layers = [self._layer(block) for block in _blocks(transformer)]
        query, *keys = _linears(list(_blocks(transformer))[-1])[:3]
        self._last_query, self._last_keys = self._linear(query), self._linear(*keys)

    def __call__(self, rows: Ids, types: Ids | None = None) -> Float[Tensor, "total d"]:
        """Return the token vectors of all rows, one row after the other.

        Args:
            rows: token ids, none empty.
            types: a token type for each id; all 0 by default.
        """
        return self._through(self._layers, rows, [len(row) for row in rows], types)

    def isolated_first(self, texts: Ids, layers: int) -> Float[Tensor, "total d"]:
        """Return the token vectors of pairs whose texts the first layers read apart.

        Args:
            texts: token ids, each pair's first text and then its second, none empty.
            layers: how many of the first layers; see `gonogo.models.backbone.isolated`.
        """
        alone = [len(text) for text in texts]
        together = [first + second for first, second in zip(alone[::2], alone[1::2], strict=True)]
        hidden = self._through(self._layers[:layers], texts, alone, None)
        return self._on(self._layers[layers:], hidden, together)

    def pooled(self, rows: Ids, pooling: Pooling, types: Ids | None = None) -> Float[Tensor, "n d"]:
        """Return one fp32 vector a row.

        Where it is the first token's, the last layer computes keys and values for all tokens and
        the rest for that token alone, which saves five sixths of a layer.
        """
        if pooling == "first_token":
            return self._first_tokens(rows, types).float()
        return pool_rows(self(rows, types), [len(row) for row in rows], pooling)

    def _first_tokens(self, rows: Ids, types: Ids | None) -> Float[Tensor, "n d"]:
        lengths = [len(row) for row in rows]
        hidden = self._through(self._layers[:-1], rows, lengths, types)
        first = pool_rows(hidden, lengths, "first_token").to(self._dtype)
        query = self._by_heads(_product(first, self._last_query))
        key, value = self._by_heads(_product(hidden, self._last_keys)).chunk(2, dim=1)
        attended = attend_from_one(query, key, value, lengths).flatten(1)
        return self._behind_attention(attended, first, self._layers[-1])

    def _by_heads(self, rows: Float[Tensor, "m w"]) -> Float[Tensor, "m h v"]:
        return rows.view(len(rows), -1, self._width)

    def _through(
        self, layers: Iterable[_Layer], rows: Ids, lengths: Sequence[int], types: Ids | None
    ) -> Float[Tensor, "total d"]:
        return self._on(layers, self._embed(rows, lengths, types), lengths)

    def _on(
        self, layers: Iterable[_Layer], hidden: Float[Tensor, "total d"], lengths: Sequence[int]
    ) -> Float[Tensor, "total d"]:
        for layer in layers:
            attended = self._attend(_product(hidden, layer.qkv), lengths)
            hidden = self._behind_attention(attended, hidden, layer)
        return hidden

    def _behind_attention(
        self, attended: Float[Tensor, "m d"], hidden: Float[Tensor, "m d"], layer: _Layer
    ) -> Float[Tensor, "m d"]:
        hidden = self._normed(_product_plus(attended, layer.out, hidden), layer.first_norm)
        inner = _product(hidden, layer.up, "gelu")
        return self._normed(_product_plus(inner, layer.down, hidden), layer.second_norm)

    def _embed(
        self, rows: Ids, lengths: Sequence[int], types: Ids | None
    ) -> Float[Tensor, "total d"]:
        words, positions, kinds = self._tables
        places = torch.cat([torch.arange(length) for length in lengths]) + self._first_position
        summed = words[_flat(rows)].float() + positions[places].float()
        summed += kinds[0].float() if types is None else kinds[_flat(types)].float()
        return self._normed(summed, self._norm).to(self._dtype)

    def _attend(
        self, qkv: Float[Tensor, "total three_d"], lengths: Sequence[int]
    ) -> Float[Tensor, "total d"]:
        """Let each row attend to itself; rows of equal length go together."""
        result = qkv.new_empty(len(qkv), self._heads * self._width)
        for _, tokens, length in text_blocks(lengths, self._heads):
            rows = qkv[tokens].view(-1, length, 3, self._heads, self._width)
            query, key, value = rows.permute(2, 0, 3, 1, 4)
            if self._dtype == torch.bfloat16 and length < _FUSED_FROM:
                attended = _two_products(query, key, value)
            else:
                attended = functional.scaled_dot_product_attention(query, key, value)
            into = result[tokens].view(-1, length, self._heads, self._width)
            into.copy_(attended.transpose(1, 2))
        return result

    def _normed(self, values: Float[Tensor, "total d"], norm: nn.LayerNorm) -> Tensor:
        weight, bias = norm.weight.float(), norm.bias.float()
        return functional.layer_norm(values, norm.normalized_shape, weight, bias, norm.eps)

    def _layer(self, block: Any) -> _Layer:
        *qkv, out, up, down = _linears(block)
        return _Layer(
            qkv=self._linear(*qkv),
            out=self._linear(out),
            first_norm=block.attention.output.LayerNorm,
            up=self._linear(up),
            down=self._linear(down),
            second_norm=block.output.LayerNorm,
        )

    def _linear(self, *layers: Any) -> _Linear:
        weight = torch.cat([layer.weight.detach() for layer in layers]).to(self._dtype)
        bias = torch.cat([layer.bias.detach() for layer in layers]).to(self._dtype)
        return _Linear(torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS_AT_ONCE), bias)


def packed(backbone: Backbone) -> PackedEncoder | None:
    """Return the packed form of a backbone in the number format now in force, where there is one.

    None for other architectures, adapted layers, other devices, and number formats that oneDNN
    does not multiply on this CPU.
    """
    return PackedEncoder(backbone.transformer, _format(backbone)) if is_packable(backbone) else None


def is_packable(backbone: Backbone) -> bool:
    """Tell whether a backbone has a packed form, without laying its weights out for it."""
    transformer, weights = backbone.transformer, next(backbone.parameters())
    if type(transformer) not in _LAYOUTS or weights.device.type != "cpu" or backbone.training:
        return False
    return _multiplies(_format(backbone)) and _plain(transformer)


def _format(backbone: Backbone) -> torch.dtype:
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu")
    return next(backbone.parameters()).dtype


def _multiplies(dtype: torch.dtype) -> bool:
    if not torch._C._has_mkldnn:
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32


def _plain(transformer: PreTrainedModel) -> bool:
    """Return whether the blocks are as published: erf GELU, no adapters, no causal mask."""
    config = transformer.config
    if config.hidden_act != "gelu" or config.is_decoder or config.add_cross_attention:
        return False
    layers = chain.from_iterable(map(_linears, _blocks(transformer)))
    return all(type(layer) is nn.Linear for layer in layers)


def _blocks(transformer: PreTrainedModel) -> Iterable[Any]:
    blocks: Iterable[Any] = cast(Any, transformer).encoder.layer
    return blocks


def _linears(block: Any) -> list[nn.Module]:
    """Return query, key, value, the attention's output, and the two layers behind it."""
    own, out = block.attention.self, block.attention.output.dense
    return [own.query, own.key, own.value, out, block.intermediate.dense, block.output.dense]


def _product(values: Tensor, linear: _Linear, then: str = "none") -> Tensor:
    """Return values @ weight.T + bias, optionally through erf GELU, rounded once."""
    result: Tensor = torch.ops.mkldnn._linear_pointwise(values, *linear, then, [], "none")
    return result


def _product_plus(values: Tensor, linear: _Linear, other: Tensor) -> Tensor:
    """Return values @ weight.T + bias + other, rounded once."""
    result: Tensor = torch.ops.mkldnn._linear_pointwise.binary(values, other, *linear, "add")
    return result


def _two_products(
    query: Float[Tensor, "n h t w"], key: Float[Tensor, "n h t w"], value: Float[Tensor, "n h t w"]
) -> Float[Tensor, "n h t w"]:
    q, k, v = (part.flatten(0, 1).contiguous() for part in (query, key, value))
    scores = q.new_empty(len(q), q.shape[1], q.shape[1])
    torch.baddbmm(scores, q, k.mT, beta=0, alpha=q.shape[2] ** -0.5, out=scores)
    torch.softmax(scores, -1, out=scores)
    return torch.bmm(scores, v).view(query.shape)


def _flat(rows: Ids) -> Int[Tensor, "total"]:
    return torch.tensor(list(chain.from_iterable(rows)))
