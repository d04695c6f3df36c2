"""Full tuning: every weight of the backbone learns."""

from __future__ import annotations

from pathlib import Path

import torch

from gonogo.core.types import Precision
from gonogo.models.adapters.adapter import Adapter
from gonogo.models.backbone.backbones import Backbone, quiet


class WholeBackbone(Adapter):
    """Everything learns, and is saved as transformers lays it out."""

    saved = "whole"

    def apply(self, backbone: Backbone, seed: int, base: str) -> None:  # noqa: ARG002
        """Let everything learn."""
        backbone.requires_grad_(True)

    def save(self, backbone: Backbone, folder: Path) -> None:
        """Write a folder that transformers opens."""
        with quiet():
            backbone.transformer.save_pretrained(folder)

    def load(self, backbone: Backbone, folder: Path) -> None:
        """Take nothing: the backbone was loaded from the folder."""

    def kept_dtype(self, precision: Precision) -> torch.dtype:  # noqa: ARG002
        """Return fp32, as for all that learns."""
        return torch.float32
