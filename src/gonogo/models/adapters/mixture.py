"""A mixture of low-rank experts: what LoRA adds to each layer, several times and weighed.

Sources: Hu et al. 2021, LoRA (arXiv 2106.09685) for the experts; Li et al. 2024, MixLoRA (arXiv
2404.15159) and Zhuang et al. 2025, LD-MoLE (arXiv 2509.25684) for a router before each layer; the
routers name their own papers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.models.adapters.adapter import Adapter
from gonogo.models.adapters.blocks import block_linears
from gonogo.models.adapters.mixture_layer import MixtureLinear
from gonogo.models.adapters.pilots import fill_pilots
from gonogo.models.backbone.backbones import Backbone
from gonogo.models.routers.build import Routers
from gonogo.models.routers.router import Place
from gonogo.spec.model.mixture import MixtureAdapter

WEIGHTS = "mixture.safetensors"
CONFIG = "mixture.json"
FORMAT = 1


class Mixture(Adapter):
    """Experts and a router at every linear layer inside the transformer's blocks.

    Args:
        spec: experts, router, what is frozen, and dropout.
    """

    saved = "beside"

    def __init__(self, spec: MixtureAdapter) -> None:
        self._spec = spec

    def apply(self, backbone: Backbone, seed: int, base: str) -> None:
        """Freeze the backbone and put experts and routers into it."""
        spec, transformer = self._spec, backbone.transformer
        backbone.requires_grad_(False)
        routers = Routers(spec.router)
        for found in list(block_linears(transformer, transformer.config.num_hidden_layers)):
            width = found.linear.in_features
            place = Place(spec.expert_names, width, found.block, found.name, seed)
            router = routers.build(place)
            layer = MixtureLinear(found.linear, spec.experts, router, place, spec.dropout)
            for name, expert in zip(spec.expert_names, layer.experts, strict=True):
                expert.requires_grad_(name not in spec.frozen)
            layer.train(transformer.training)
            setattr(found.parent, found.child, layer)
            backbone.whole_rows = backbone.whole_rows or router.whole_texts
        fill_pilots(backbone, base)

    def save(self, backbone: Backbone, folder: Path) -> None:
        """Write mixture.safetensors and mixture.json, which says what is in it."""
        state = {name: value.detach().cpu().contiguous() for name, value in _own(backbone).items()}
        save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
        layers = dict(mixture_layers(backbone.transformer))
        record = {
            "format": FORMAT,
            "adapter": self._spec.model_dump(mode="json"),
            "experts": [
                {"name": each.name, "rank": each.rank, "scaling": each.scaling}
                for each in self._spec.experts
            ],
            "layers": {
                name: {
                    "block": layer.place.block,
                    "inputs": layer.in_features,
                    "outputs": layer.out_features,
                }
                for name, layer in layers.items()
            },
            "arithmetic": "h = W x + b + sum over experts of gate * scaling * up @ (down @ x)",
        }
        write_json(folder / CONFIG, record)

    def load(self, backbone: Backbone, folder: Path) -> None:
        """Fill experts and routers with saved values.

        Raises:
            UserError: when the file does not hold exactly these.
        """
        saved, own = load_file(folder / WEIGHTS), _own(backbone)
        if saved.keys() != own.keys():
            odd = sorted(saved.keys() ^ own.keys())[0]
            raise UserError(f"mixture weights do not match, at {odd}", file=folder / WEIGHTS)
        with torch.no_grad():
            for name, value in saved.items():
                if value.shape != own[name].shape:
                    shapes = f"{list(value.shape)} instead of {list(own[name].shape)}"
                    raise UserError(f"{name} is {shapes}", file=folder / WEIGHTS)
                own[name].copy_(value)

    def learning(self, backbone: Backbone) -> Mapping[str, Mapping[str, nn.Parameter]]:
        """Return experts and routers as groups of their own."""
        groups: dict[str, dict[str, nn.Parameter]] = {"experts": {}, "routers": {}}
        for name, parameter in backbone.named_parameters():
            if parameter.requires_grad:
                groups["routers" if ".router." in name else "experts"][name] = parameter
        return {name: found for name, found in groups.items() if found}

    def no_export(self) -> tuple[str, str] | None:
        """Return that a mixture is no transformer's folder."""
        return (
            "a mixture of experts has no place in a sentence-transformers folder",
            "export_experts writes experts as peft reads them, where no input decides their gates",
        )


def mixture_layers(transformer: PreTrainedModel) -> Iterator[tuple[str, MixtureLinear]]:
    """Yield the layers that have experts, and their names in the transformer."""
    for name, module in transformer.named_modules():
        if isinstance(module, MixtureLinear):
            yield name, module


def _own(backbone: Backbone) -> dict[str, Tensor]:
    """Return experts and routers by name in the transformer; what layers share, once."""
    frozen = {
        id(value)
        for _, layer in mixture_layers(backbone.transformer)
        for value in layer.base_layer.parameters()
    }
    inside = {
        id(value)
        for _, layer in mixture_layers(backbone.transformer)
        for value in layer.parameters()
        if id(value) not in frozen
    }
    return {n: v for n, v in backbone.transformer.named_parameters() if id(v) in inside}
