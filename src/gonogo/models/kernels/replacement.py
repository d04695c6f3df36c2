"""Layers put in the place of others inside a pretrained model, under the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn


def replace_layers(
    module: nn.Module, kinds: tuple[type[nn.Module], ...], make: Callable[[Any], nn.Module]
) -> None:
    """Put ``make(layer)`` in the place of every layer inside ``module`` of just these classes.

    A subclass stays: it may compute something else.
    """
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if type(child) in kinds:
                setattr(parent, name, make(child))
