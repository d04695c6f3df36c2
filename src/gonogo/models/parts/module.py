"""What all models share: what learns, the number format, and the device."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gonogo.core.files import write_json
from gonogo.core.types import Device, Precision
from gonogo.models.parts.devices import autocast
from gonogo.spec.base import Spec

MODEL_FILE = "model.json"
HEADS_FILE = "heads.safetensors"
FORMAT = 1

Head = Literal["embedding", "scoring"]
"""Which of a text model's heads a task moves."""


@dataclass(frozen=True)
class FrozenEncoder:
    """An encoder whose backbone never changes: its vectors can be computed once and kept.

    Attributes:
        base: token ids and attention mask (n t) to pooled vectors (n d).
        project: pooled vectors (n d) to embeddings (n e); all that learns.
        backbone: whose weights the pooled vectors depend on.
        pooling: how token vectors become one.
    """

    base: Callable[[Tensor, Tensor], Tensor]
    project: Callable[[Tensor], Tensor]
    backbone: nn.Module
    pooling: str


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are trained alike.

    Attributes:
        name: of the group; no two groups of a model share one.
        rate: which of a study's learning rates they have.
        parameters: by their name in the model.
        decays: whether its matrices decay; norms and biases never do.
    """

    name: str
    rate: Literal["backbone", "head"]
    parameters: Mapping[str, nn.Parameter]
    decays: bool = True


class LearningModule(nn.Module):
    """A module on one device, in one number format.

    Args:
        device: where it computes.
        precision: the number format of its matrix products.
    """

    def __init__(self, device: Device, precision: Precision) -> None:
        super().__init__()
        self.device: Device = device
        self.precision: Precision = precision

    def trainable(self) -> dict[str, nn.Parameter]:
        """Return what learns, each parameter once, in an order that never changes.

        Which heads that are, a text model is told by its trial's tasks.
        """
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def parameter_groups(self) -> tuple[ParameterGroup, ...]:
        """Return what learns in named groups, each parameter in one of them.

        A model without a backbone is all head.
        """
        learns = self.trainable()
        return (ParameterGroup("heads", "head", learns),) if learns else ()

    def learn_heads(self, heads: Collection[Head]) -> None:
        """Hear which heads a trial's tasks move; a model that has but one lets it learn."""

    def frozen_encoder(self) -> FrozenEncoder | None:
        """Return what makes vectors that never change, so that they can be kept, if anything."""
        return None

    def count_trainable(self) -> int:
        """Return the number of parameters that learn."""
        return sum(value.numel() for value in self.trainable().values())

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context that forward and loss run in; one around a whole step casts once."""
        return autocast(self.device, self.precision)


def save_whole(model: nn.Module, spec: Spec, folder: Path) -> None:
    """Write a model of which nothing comes from a checkpoint, as `load_model` reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    save_file(weights, folder / HEADS_FILE)
    record = {"format": FORMAT, "spec": spec.model_dump(mode="json", by_alias=True)}
    write_json(folder / MODEL_FILE, record)


def load_whole(model: nn.Module, folder: Path) -> None:
    """Take the weights that `save_whole` wrote."""
    model.load_state_dict(load_file(folder / HEADS_FILE))
