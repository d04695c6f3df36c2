"""The blocks of Llama-like decoders on a CPU, with nothing computed that nobody reads.

Where a text's vector is its last token's, the last block owes keys and values to all tokens and the
rest to that token alone: 3 % of a training step of SmolLM2, whose blocks are thirty.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import LlamaDecoderLayer
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer
from transformers.models.qwen3.modeling_qwen3 import Qwen3DecoderLayer

from gonogo.models.kernels.attention import attend_from_one, blocked_attention
from gonogo.models.kernels.product_format import for_products
from gonogo.models.kernels.replacement import replace_layers
from gonogo.models.kernels.rotary import rotated

_SAME = (LlamaDecoderLayer, Qwen2DecoderLayer, Qwen3DecoderLayer)  # the same parts and names

Rotation = tuple[Float[Tensor, "1 t w"], Float[Tensor, "1 t w"]]
"""Cosines and sines of every token's position."""


class DecoderLayer(nn.Module):
    """Attention and a gated layer, each behind a norm and beside a residual sum.

    Args:
        layer: the block of transformers whose parts it takes over, under their names.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.self_attn, self.mlp = layer.self_attn, layer.mlp
        self.input_layernorm = layer.input_layernorm
        self.post_attention_layernorm = layer.post_attention_layernorm
        self.is_last = self.self_attn.layer_idx + 1 == self.self_attn.config.num_hidden_layers

    def forward(
        self,
        hidden_states: Float[Tensor, "n t d"],
        *,
        position_embeddings: Rotation,
        lengths: tuple[int, ...] | None = None,
        read: Int[Tensor, " k"] | None = None,
        **others: Any,
    ) -> Float[Tensor, "n s d"]:
        """Return the block's token vectors.

        Args:
            hidden_states: token vectors.
            position_embeddings: what turns queries and keys.
            lengths: tokens of texts laid end to end in one row; each sees itself alone.
            read: with lengths, the one token of each text that is read behind the last block, which
                then returns no other (1 k d).
            others: what transformers' attention takes.
        """
        normed = for_products(self.input_layernorm(hidden_states))
        if lengths is None:
            attended, _ = self.self_attn(
                hidden_states=normed, position_embeddings=position_embeddings, **others
            )
        else:
            read = read if self.is_last else None
            attended = self._attend(normed, position_embeddings, lengths, read)
            if read is not None:
                hidden_states = hidden_states[:, read]
        hidden_states = hidden_states + attended
        gated: Tensor = self.mlp(for_products(self.post_attention_layernorm(hidden_states)))
        return hidden_states + gated

    def _attend(
        self,
        normed: Float[Tensor, "1 t d"],
        rotation: Rotation,
        lengths: tuple[int, ...],
        read: Int[Tensor, " k"] | None,
    ) -> Float[Tensor, "1 s d"]:
        """Let the tokens that are read, all for None, attend to what stands before them."""
        own, (cos, sin) = self.self_attn, (each[0] for each in rotation)
        asking = normed if read is None else normed[:, read]
        query, key, value = (
            made(rows).view(rows.shape[1], -1, own.head_dim)
            for made, rows in ((own.q_proj, asking), (own.k_proj, normed), (own.v_proj, normed))
        )
        if hasattr(own, "q_norm"):  # Qwen3
            query, key = own.q_norm(query), own.k_norm(key)
        key = rotated(key, cos, sin)
        if read is None:
            q, k, v = (
                each.transpose(0, 1)[None] for each in (rotated(query, cos, sin), key, value)
            )
            drop = own.attention_dropout if own.training else 0.0
            attended = blocked_attention(
                own, q, k, v, None, drop, own.scaling, is_causal=True, lengths=lengths
            )[0][0]
        else:
            query = rotated(query, cos[read], sin[read])
            attended = attend_from_one(query, key, value, lengths, own.scaling)
        out: Tensor = own.o_proj(attended.flatten(1)[None])
        return out


def can_read_one(transformer: nn.Module) -> bool:
    """Return whether the last block of a model obeys ``read``."""
    layers: Any = getattr(transformer, "layers", None)
    return bool(layers) and isinstance(layers[-1], DecoderLayer)


def replace_decoder_layers(module: nn.Module) -> None:
    """Put this block, with the same weights, in the place of transformers' inside ``module``."""
    replace_layers(module, _SAME, DecoderLayer)
