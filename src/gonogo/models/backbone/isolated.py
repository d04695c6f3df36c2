"""Pairs whose texts are read apart in the first layers and together in the others.

In the first layers each text is what the model would embed: control tokens of its own, positions
from the first on, one type. From there on every token sees both texts. With all layers isolated a
pair's token vectors are those of two texts that were embedded apart.
Positions and types enter at the bottom of these encoders and nowhere else, so the texts can be put
side by side at any height; where positions enter in every layer, as in decoders, they cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import BertModel, RobertaModel, XLMRobertaModel

from gonogo.core.errors import UserError
from gonogo.models.backbone.backbones import Backbone, first_position
from gonogo.models.parts.serving import Texts, reading

_LAYOUTS = (BertModel, RobertaModel, XLMRobertaModel)  # the same layers under the same names
_PLACE = "model.scoring.isolated_layers"


def check_isolable(backbone: Backbone, layers: int) -> None:
    """Refuse a backbone whose first layers cannot read two texts apart.

    Raises:
        UserError: for decoders, other architectures, and more layers than there are.
    """
    if backbone.kind == "decoder":
        raise UserError(
            "a decoder's positions enter in every layer, so texts that were read apart, each from "
            "the first position on, would stand at one place when they are read together",
            place=_PLACE,
            value=layers,
            hint="leave it 0: its query never sees the document in any case",
        )
    if not isinstance(backbone.transformer, _LAYOUTS):
        name = type(backbone.transformer).__name__
        raise UserError(
            f"a {name} cannot be read by halves",
            place=_PLACE,
            value=layers,
            hint="leave it 0, or take a BERT, RoBERTa or XLM-RoBERTa",
        )
    count = len(_blocks(backbone))
    if layers > count:
        raise UserError(
            f"the backbone has {count} layers", place=_PLACE, value=layers, hint=f"at most {count}"
        )


def isolated_first(
    backbone: Backbone,
    input_ids: Int[Tensor, "n t"],
    attention_mask: Int[Tensor, "n t"],
    second: Bool[Tensor, "n t"],
    layers: int,
) -> Float[Tensor, "n t d"]:
    """Return one vector a token; those at padded places mean nothing.

    Args:
        backbone: one that `check_isolable` accepts.
        input_ids: right-padded pairs, the control tokens of both texts among them.
        attention_mask: 1 for tokens.
        second: where a pair's second text stands; on padding of no matter.
        layers: how many of the first ones read the texts apart.
    """
    real = attention_mask.bool()
    texts = torch.stack([(real & ~second).sum(1), (real & second).sum(1)], 1).flatten().tolist()
    pairs = real.sum(1).tolist()
    blocks = _blocks(backbone)
    hidden = _embedded(backbone, input_ids[real], texts)
    hidden = _through(backbone, blocks[:layers], hidden, texts)
    hidden = _through(backbone, blocks[layers:], hidden, pairs)
    padded = hidden.new_zeros(*input_ids.shape, hidden.shape[-1])
    padded[real] = hidden
    return padded


def _embedded(
    backbone: Backbone, ids: Int[Tensor, " m"], lengths: Sequence[int]
) -> Float[Tensor, "m d"]:
    """Return the first layer's input of texts laid end to end, each with positions of its own."""
    positions = torch.cat([torch.arange(length, device=ids.device) for length in lengths])
    embedded: Tensor = cast(Any, backbone.transformer).embeddings(
        input_ids=ids[None],
        position_ids=positions[None] + first_position(backbone.transformer),
        token_type_ids=torch.zeros_like(ids)[None],
    )
    return embedded[0]


def _through(
    backbone: Backbone,
    blocks: Iterable[nn.Module],
    flat: Float[Tensor, "m d"],
    lengths: Sequence[int],
) -> Float[Tensor, "m d"]:
    """Send texts through some layers, each seeing itself alone: end to end, or padded."""
    if backbone.packs:
        ends = tuple(lengths)
        everywhere = torch.ones(1, 1, 1, 1, dtype=torch.bool)
        hidden = flat[None]
        with reading(Texts(ends)):
            for block in blocks:
                hidden = block(hidden, everywhere, lengths=ends)
        return hidden[0]
    hidden = pad_sequence(list(torch.split(flat, list(lengths))), batch_first=True)
    sizes = torch.tensor(lengths, device=flat.device)
    real = torch.arange(hidden.shape[1], device=flat.device) < sizes[:, None]
    with reading(Texts(None, real)):
        for block in blocks:
            hidden = block(hidden, real[:, None, None, :])
    return hidden[real]


def _blocks(backbone: Backbone) -> nn.ModuleList:
    blocks: nn.ModuleList = cast(Any, backbone.transformer).encoder.layer
    return blocks
