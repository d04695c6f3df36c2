"""Pilot vectors of experts: what the layers of the pretrained backbone read of their texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.data.weights import weights
from gonogo.models.adapters.mixture_layer import MixtureLinear
from gonogo.models.backbone.backbones import Backbone
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.models.routers.similarity import SimilarityRouter


def fill_pilots(backbone: Backbone, base: str) -> None:
    """Give similarity routers the vectors of their experts' texts, where a study gives texts.

    Each text goes through by itself; its vector before a layer is the mean of its tokens'. The
    experts have not learned yet, so this is the pretrained backbone.

    Args:
        backbone: with experts in it.
        base: the backbone's name, whose tokenizer reads the texts.
    """
    layers = [module for module in backbone.modules() if isinstance(module, MixtureLinear)]
    routers = [each.router for each in layers if isinstance(each.router, SimilarityRouter)]
    texts = routers[0].pilot_texts() if routers else None
    if texts is None:
        return
    tokenizer = TextTokenizer(weights.locate(base).path)
    read = [_read(backbone, layers, tokenizer, of_expert) for of_expert in texts]
    for number, router in enumerate(routers):
        router.take_pilots([of_expert[number] for of_expert in read])


@torch.no_grad()
def _read(
    backbone: Backbone,
    layers: Sequence[MixtureLinear],
    tokenizer: TextTokenizer,
    texts: Sequence[str],
) -> list[Float[Tensor, "p d"]]:
    """Return each layer's vectors of some texts."""
    seen: list[list[Tensor]] = [[] for _ in layers]

    def hook(number: int) -> Any:
        def before(_: object, inputs: tuple[Tensor, ...]) -> None:
            seen[number].append(inputs[0].float().flatten(0, -2).mean(0))

        return before

    bases = [layer.base_layer for layer in layers]
    handles = [base.register_forward_pre_hook(hook(n)) for n, base in enumerate(bases)]
    training = backbone.training
    backbone.eval()
    try:
        single, room = tokenizer.single, backbone.longest_input
        for ids in tokenizer.encode(list(texts)):
            around = len(single.before) + len(single.after)
            row = torch.tensor([[*single.before, *ids[: room - around], *single.after]])
            backbone(row, torch.ones_like(row))
    finally:
        backbone.train(training)
        for handle in handles:
            handle.remove()
    return [torch.stack(each) for each in seen]
