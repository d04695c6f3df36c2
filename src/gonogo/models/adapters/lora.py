"""LoRA: low-rank updates beside frozen linear layers, and nothing else, learn.

Source: Hu et al. 2021, LoRA (arXiv 2106.09685): h = W x + (alpha / r) B A x, with A drawn at
random and B = 0, so that training starts from the pretrained model. The layers are PEFT's.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from gonogo.core.errors import UserError
from gonogo.core.seeds import derive_seed
from gonogo.models.adapters.adapter import Adapter
from gonogo.models.adapters.blocks import blocks_of
from gonogo.models.adapters.low_rank import FusedUpdate
from gonogo.models.backbone.backbones import Backbone
from gonogo.spec.model.model import LoraAdapter

_PREFIX = "base_model.model."  # what PEFT puts before every name in its files
_WEIGHTS = "adapter_model.safetensors"


class Lora(Adapter):
    """Low-rank updates of every linear layer inside the transformer's blocks.

    Args:
        spec: rank, scale and dropout.
    """

    saved = "beside"

    def __init__(self, spec: LoraAdapter) -> None:
        self._spec = spec

    def apply(self, backbone: Backbone, seed: int, base: str) -> None:
        """Freeze the backbone and put the updates into it."""
        backbone.requires_grad_(False)
        transformer = backbone.transformer
        inject_adapter_in_model(_lora_config(self._spec, transformer, base), transformer)
        for name, layer in _lora_layers(transformer):
            _initialise(layer, derive_seed(seed, "lora", name))

    def save(self, backbone: Backbone, folder: Path) -> None:
        """Write as PEFT does: adapter_config.json and adapter_model.safetensors."""
        # Left to itself, PEFT asks the hub whether the vocabulary has grown; it never has here.
        state = get_peft_model_state_dict(backbone.transformer, save_embedding_layers=False)
        tensors = {f"{_PREFIX}{name}": value.cpu().contiguous() for name, value in state.items()}
        save_file(tensors, folder / _WEIGHTS, metadata={"format": "pt"})
        backbone.transformer.peft_config["default"].save_pretrained(str(folder))

    def load(self, backbone: Backbone, folder: Path) -> None:
        """Fill the updates with saved values.

        Raises:
            UserError: when the file does not hold exactly these.
        """
        saved = load_file(folder / _WEIGHTS)
        own = {n: p for n, p in backbone.transformer.named_parameters() if p.requires_grad}
        names = {
            name.removeprefix(_PREFIX).replace(".weight", ".default.weight"): name for name in saved
        }
        if names.keys() != own.keys():
            odd = sorted(names.keys() ^ own.keys())[0]
            raise UserError(f"adapter weights do not match, at {odd}", file=folder / _WEIGHTS)
        with torch.no_grad():
            for name, stored in names.items():
                own[name].copy_(saved[stored])

    def no_export(self) -> tuple[str, str] | None:
        """Return that an adapter is no transformer's folder."""
        return (
            "an adapter has no place in a sentence-transformers folder",
            "a trial's checkpoints/final is laid out as peft reads it",
        )


def lora_targets(transformer: nn.Module, layers: int) -> list[str]:
    """Return the linear layers inside a transformer block, by their paths from the block.

    Raises:
        UserError: when there are none.
    """
    _, blocks = blocks_of(transformer, layers)
    names = {
        name
        for block in blocks
        for name, module in block.named_modules()
        if isinstance(module, nn.Linear)
    }
    return sorted(names)


def _lora_config(spec: LoraAdapter, transformer: PreTrainedModel, base: str) -> LoraConfig:
    return LoraConfig(
        r=spec.rank,
        lora_alpha=spec.scale_alpha,
        lora_dropout=spec.dropout,
        target_modules=lora_targets(transformer, transformer.config.num_hidden_layers),
        base_model_name_or_path=base,
        task_type="FEATURE_EXTRACTION",
        inference_mode=False,
    )


def _lora_layers(transformer: nn.Module) -> list[tuple[str, LoraLayer]]:
    return [(n, m) for n, m in transformer.named_modules() if isinstance(m, LoraLayer)]


def _initialise(layer: LoraLayer, seed: int) -> None:
    """Draw A as PEFT does, from a stream of its own; B is zero already."""
    down, up = layer.lora_A["default"], layer.lora_B["default"]
    down.float(), up.float()
    nn.init.kaiming_uniform_(
        down.weight, a=math.sqrt(5), generator=torch.Generator().manual_seed(seed)
    )
    # Autocast brings both operands to its own type; PEFT's cast to the adapter's fp32 before it
    # would cost two copies of every activation.
    layer.cast_input_dtype_enabled = False
    layer.lora_variant["default"] = FusedUpdate()
