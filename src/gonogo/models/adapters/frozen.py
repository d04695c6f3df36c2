"""A frozen backbone: its weights are the pretrained ones, and only heads learn."""

from __future__ import annotations

from pathlib import Path

from gonogo.models.adapters.adapter import Adapter
from gonogo.models.backbone.backbones import Backbone


class FrozenBackbone(Adapter):
    """Nothing learns, nothing is saved, and vectors can be computed once."""

    saved = "nothing"
    keeps_backbone = True

    def apply(self, backbone: Backbone, seed: int, base: str) -> None:  # noqa: ARG002
        """Let nothing learn."""
        backbone.requires_grad_(False)

    def save(self, backbone: Backbone, folder: Path) -> None:
        """Write nothing: the pretrained weights are where they were."""

    def load(self, backbone: Backbone, folder: Path) -> None:
        """Take nothing."""
