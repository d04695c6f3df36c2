"""What of a backbone learns: the one interface that everything asks, whatever the adapter is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from gonogo.core.types import Precision
from gonogo.models.backbone.backbones import Backbone
from gonogo.models.parts.devices import DTYPES

Saved = Literal["nothing", "beside", "whole"]
"""What a saved folder holds of the backbone: nothing, as it is the pretrained one; what was added
to it, beside the pretrained weights; or all of it."""


class Adapter(ABC):
    """One way to let a backbone learn.

    An adapter has no state of its own: what it adds, it puts into the backbone that it is given,
    and finds it there again. Each method takes a backbone that `apply` has changed, except `apply`.
    """

    saved: Saved
    """What a saved folder holds of the backbone."""

    keeps_backbone = False
    """Whether token vectors stay those of the pretrained weights, so that they can be kept."""

    @abstractmethod
    def apply(self, backbone: Backbone, seed: int, base: str) -> None:
        """Say which parameters learn, adding some where need be; fp32 for those that do.

        Args:
            backbone: changed in place.
            seed: of first values, one stream a layer, so that no draw depends on another.
            base: the backbone's name, for whoever opens the saved folder with another tool.

        Raises:
            UserError: for a backbone that it does not fit.
        """

    @abstractmethod
    def save(self, backbone: Backbone, folder: Path) -> None:
        """Write what ``saved`` says into a folder that exists."""

    @abstractmethod
    def load(self, backbone: Backbone, folder: Path) -> None:
        """Take the values that `save` wrote; where it wrote all, they were loaded with the rest.

        Raises:
            UserError: for a folder of something else.
        """

    def kept_dtype(self, precision: Precision) -> torch.dtype:
        """Return the number format that the pretrained weights are kept in.

        What does not learn is kept in the format of its products, which is twice as fast on a CPU.
        """
        return DTYPES[precision]

    def learning(self, backbone: Backbone) -> Mapping[str, Mapping[str, nn.Parameter]]:
        """Return what learns, by the name of its group and its name in the backbone.

        A group is what may have a learning rate of its own.
        """
        learns = {name: p for name, p in backbone.named_parameters() if p.requires_grad}
        return {"backbone": learns} if learns else {}

    def no_export(self) -> tuple[str, str] | None:
        """Return why the backbone is no plain transformer's folder, and the way out; None if it is.

        What is one can be written by ``save_pretrained`` and opened by any other tool.
        """
        return None
