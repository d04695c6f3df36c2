"""The transformer below the heads: a decoder or an encoder, without its language-model head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from safetensors import safe_open
from torch import Tensor, nn
from transformers import (
    AutoModel,
    BertModel,
    LlamaModel,
    PreTrainedModel,
    Qwen2Model,
    Qwen3Model,
    RobertaModel,
    XLMRobertaModel,
)
from transformers.utils import logging as transformers_logging

from gonogo.core.errors import UserError
from gonogo.data.weights.weights import Kind, WeightSource
from gonogo.models.backbone.gguf_conversion import converted
from gonogo.models.kernels.attention import BLOCKED
from gonogo.models.kernels.decoder_layer import can_read_one
from gonogo.models.kernels.token_table import replace_token_table
from gonogo.models.parts.pooling import Pooling, pool
from gonogo.models.parts.serving import Texts, reading

_PACKED = (BertModel, RobertaModel, XLMRobertaModel, LlamaModel, Qwen2Model, Qwen3Model)
"""Architectures that hand on where texts end, and whose tokens know each other by nothing else."""


class Backbone(nn.Module):
    """Token vectors of right-padded rows.

    Args:
        transformer: the model without a head, as transformers built it.
        kind: whether it reads left to right or in both directions.

    Attributes:
        whole_rows: whether some layer's tokens depend on all of their text, later ones included,
            so that neither a beginning nor a single token can be computed by itself.
    """

    def __init__(self, transformer: PreTrainedModel, kind: Kind) -> None:
        super().__init__()
        self.transformer = transformer
        self.kind: Kind = kind
        self.dimension = int(transformer.config.hidden_size)
        self.whole_rows = False

    @property
    def longest_input(self) -> int:
        """Return the most tokens that the position encoding was made for."""
        config = self.transformer.config
        most = int(getattr(config, "max_position_embeddings", 0) or 1_000_000)
        return most - first_position(self.transformer)

    def forward(
        self,
        input_ids: Int[Tensor, "n t"],
        attention_mask: Int[Tensor, "n t"],
        token_type_ids: Int[Tensor, "n t"] | None = None,
    ) -> Float[Tensor, "n t d"]:
        """Return one vector a token; those at padded places mean nothing.

        A decoder gets no mask: behind right padding no token sees any padding, and attention
        without a mask runs in the fast causal kernels. Where the architecture allows it, padding
        is taken out altogether and the texts go through end to end, each seeing itself alone.
        """
        real = attention_mask.bool()
        packed = self.packs and not bool(real.all())
        inputs: dict[str, Any] = {"input_ids": input_ids, "token_type_ids": token_type_ids}
        if packed:
            inputs = self._end_to_end(inputs, attention_mask)
        elif self.kind == "encoder":
            inputs["attention_mask"] = attention_mask
        hidden = self._hidden(inputs, Texts(inputs.get("lengths"), None if packed else real))
        if not packed:
            return hidden
        padded = hidden.new_zeros(*input_ids.shape, hidden.shape[-1])
        padded[real] = hidden[0]
        return padded

    def pooled(
        self,
        input_ids: Int[Tensor, "n t"],
        attention_mask: Int[Tensor, "n t"],
        pooling: Pooling,
        token_type_ids: Int[Tensor, "n t"] | None = None,
    ) -> Float[Tensor, "n d"]:
        """Return one fp32 vector a row, and where it can, compute no token that nobody reads."""
        alone = pooling == "last_token" and self.packs and can_read_one(self.transformer)
        if self.whole_rows or not alone:
            hidden = self(input_ids, attention_mask, token_type_ids)
            return pool(hidden, attention_mask, pooling)
        inputs = self._end_to_end({"input_ids": input_ids}, attention_mask)
        inputs["read"] = attention_mask.sum(1).cumsum(0) - 1
        return self._hidden(inputs, Texts(inputs["lengths"]))[0].float()

    def _hidden(self, inputs: dict[str, Any], texts: Texts) -> Tensor:
        if self.kind == "decoder":
            inputs = inputs | {"use_cache": False}
        given = {name: value for name, value in inputs.items() if value is not None}
        with reading(texts):
            hidden: Tensor = self.transformer(**given).last_hidden_state
        return hidden

    @property
    def packs(self) -> bool:
        """Return whether texts can go through end to end: on a CPU, by `blocked_attention`."""
        config = self.transformer.config
        whole = getattr(config, "sliding_window", None) is None
        here = self.transformer.device.type == "cpu" and config._attn_implementation == BLOCKED
        return whole and here and isinstance(self.transformer, _PACKED)

    def _end_to_end(
        self, inputs: dict[str, Any], attention_mask: Int[Tensor, "n t"]
    ) -> dict[str, Any]:
        """Return the tokens of all texts in one row, their positions, and where the texts end."""
        real = attention_mask.bool()
        rows = {name: ids if ids is None else ids[real][None] for name, ids in inputs.items()}
        positions = attention_mask.cumsum(1)[real][None] - 1
        return rows | {
            "position_ids": positions + first_position(self.transformer),
            # With four dimensions, transformers makes no mask of its own.
            "attention_mask": torch.ones(1, 1, 1, 1, dtype=torch.bool),
            "lengths": tuple(attention_mask.sum(1).tolist()),
        }


def first_position(transformer: PreTrainedModel) -> int:
    """Return the first token's position: RoBERTa's start behind its padding id."""
    rows = getattr(getattr(transformer, "embeddings", None), "position_embeddings", None)
    padding: int | None = getattr(rows, "padding_idx", None)
    return 0 if padding is None else padding + 1


def load_backbone(source: WeightSource, kind: Kind, dtype: torch.dtype) -> tuple[Backbone, Path]:
    """Load weights onto the CPU.

    Only safetensors are opened and no code that comes with a model is ever run. Attention runs
    in torch's fused kernels wherever transformers has them for the architecture.

    Returns:
        The backbone and the folder that its tokenizer lies in.

    Raises:
        UserError: when transformers does not know the architecture.
    """
    folder = converted(source)
    with quiet():
        try:
            transformer = AutoModel.from_pretrained(
                folder,
                dtype=dtype,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
            )
        except ValueError as error:
            raise UserError(f"cannot be loaded: {error}", file=folder) from error
    if getattr(transformer, "pooler", None) is not None:
        transformer.pooler = None  # a classifier's input layer; computing it would be waste
    if transformer._supports_attention_backend:
        transformer.set_attn_implementation(BLOCKED)
    replace_token_table(transformer)
    return Backbone(transformer, kind), folder


def output_rows(
    folder: Path, transformer: PreTrainedModel, ids: Sequence[int]
) -> Float[Tensor, "k d"]:
    """Return the language-model head's rows for a few tokens, in fp32, reading nothing else.

    Raises:
        UserError: when the checkpoint has no such head.
    """
    if transformer.config.tie_word_embeddings:
        embeddings = cast(nn.Embedding, transformer.get_input_embeddings())
        return embeddings.weight.detach()[list(ids)].float()
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            if "lm_head.weight" in weights.keys():  # noqa: SIM118  (not a mapping)
                rows = weights.get_slice("lm_head.weight")
                return torch.stack([rows[index] for index in ids]).float()
    raise UserError("no language-model head for yes_no", file=folder, hint="use scoring: mlp")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep loading bars and reports of unused heads off the terminal."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
