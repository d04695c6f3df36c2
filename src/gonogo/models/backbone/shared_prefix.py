"""Scores of many rows that begin alike: a decoder reads the common beginning once.

In a decoder no token sees what comes after it, so keys and values of a prompt's beginning are the
same for every document that follows. The arithmetic of the rest is what it would be in the whole
row, up to the order of sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.parts.serving import serving


class AfterPrefix:
    """What follows a common beginning, to values of the last token's vector.

    Args:
        backbone: a decoder that `keeps_all_keys`.
        prefix: token ids of the beginning, at least one; read at the first call.
        value: fp32 vectors of last tokens to a value each.
        pad_id: fills rows up.
    """

    def __init__(
        self,
        backbone: Backbone,
        prefix: Sequence[int],
        value: Callable[[Float[Tensor, "n d"]], Float[Tensor, "n"]],
        pad_id: int,
    ) -> None:
        self.pad_id = pad_id
        self._backbone, self._prefix, self._value = backbone, list(prefix), value
        self._states: list[tuple[Tensor, Tensor]] | None = None

    def __call__(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n"]:
        """Return the values of right-padded rows without their common beginning."""
        if self._states is None:
            self._states = self._read(input_ids.device)
        count, length = input_ids.shape
        first = len(self._prefix)
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(self._states):
            of_all = keys.expand(count, -1, -1, -1), values.expand(count, -1, -1, -1)
            cache.update(*of_all, layer)
        places = torch.arange(first, first + length, device=input_ids.device)
        with serving("scoring"):
            hidden = self._backbone.transformer(
                input_ids=input_ids,
                position_ids=places[None],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
        last = attention_mask.sum(1) - 1
        return self._value(hidden[torch.arange(count, device=hidden.device), last].float())

    def _read(self, device: torch.device) -> list[tuple[Tensor, Tensor]]:
        """Return keys and values of the beginning, layer by layer."""
        cache = DynamicCache()
        ids = torch.tensor([self._prefix], device=device)
        with serving("scoring"):
            self._backbone.transformer(input_ids=ids, past_key_values=cache, use_cache=True)
        layers: list[Any] = cache.layers
        return [(layer.keys, layer.values) for layer in layers]


def keeps_all_keys(backbone: Backbone) -> bool:
    """Return whether a beginning's keys and values are all that a later token needs of it.

    Not so with sliding windows, whose caches forget, with recurrent layers, and where some layer
    depends on the whole text.
    """
    if backbone.kind != "decoder" or backbone.whole_rows:
        return False
    layers = DynamicCache(config=backbone.transformer.config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)


def common_prefix(rows: list[list[int]]) -> int:
    """Return how many first ids all rows share, leaving each at least one of its own."""
    least = min(map(len, rows)) - 1
    smallest, largest = min(rows), max(rows)  # what these two share, all share
    differing = (place for place in range(least) if smallest[place] != largest[place])
    return next(differing, least)
