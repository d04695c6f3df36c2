"""Experts of a mixture as a plain LoRA that peft opens, where no input decides their gates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from peft import LoraConfig
from safetensors.torch import save_file

from gonogo.core.errors import UserError
from gonogo.models.adapters.mixture import mixture_layers
from gonogo.models.backbone.backbones import Backbone
from gonogo.models.parts.module import Head

_PREFIX = "base_model.model."


def experts_always_on(backbone: Backbone, purpose: Head) -> tuple[str, ...]:
    """Return the experts that are on for a purpose, whatever the input is.

    Args:
        backbone: with a mixture in it.
        purpose: ``embedding`` or ``scoring``.

    Raises:
        UserError: where a router reads its input.
    """
    _, layer = next(mixture_layers(backbone.transformer))
    on = layer.router.always_on(purpose)
    if on is None:
        raise UserError(
            "its router reads its input, so that no LoRA computes the same",
            place="model.adapter.router",
            hint="an expert alone can be exported, or train with router: {kind: hard}",
        )
    return tuple(layer.place.experts[number] for number in on)


def export_experts(
    backbone: Backbone, experts: Sequence[str], folder: Path, base: str, dropout: float = 0.0
) -> None:
    """Write some experts, each with gate 1, as one LoRA: their ranks laid end to end.

    Their scales are in the weights, so that alpha / rank is 1.

    Args:
        backbone: with a mixture in it.
        experts: names, at least one.
        folder: written to; made where it is not there.
        base: the backbone's name.
        dropout: for whoever goes on training it.

    Raises:
        UserError: for an expert that there is not.
    """
    layers = dict(mixture_layers(backbone.transformer))
    known = next(iter(layers.values())).place.experts
    for name in experts:
        if name not in known:
            hint = f"it has {', '.join(known)}"
            raise UserError(f"the mixture has no expert {name!r}", hint=hint)
    on = [known.index(name) for name in experts]
    tensors = {}
    for name, layer in layers.items():
        down, up = layer.joined(on)
        scaled = up * layer.ranks(on, up.device).scaling
        tensors[f"{_PREFIX}{name}.lora_A.weight"] = down
        tensors[f"{_PREFIX}{name}.lora_B.weight"] = scaled
    rank = len(layer.ranks(on, up.device).expert)
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value.detach().float().cpu().contiguous() for name, value in tensors.items()}
    save_file(kept, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = LoraConfig(
        r=rank,
        lora_alpha=rank,
        lora_dropout=dropout,
        target_modules=sorted(layers),
        base_model_name_or_path=base,
        task_type="FEATURE_EXTRACTION",
        inference_mode=True,
    )
    config.save_pretrained(str(folder))
