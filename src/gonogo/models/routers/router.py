"""What every router answers, and what it tells the log: one router stands before one layer."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gonogo.models.parts.emitted import anyone_collects, emit_figures
from gonogo.models.parts.module import Head


@dataclass(frozen=True, slots=True)
class Place:
    """Where a router stands, and between what.

    Attributes:
        experts: names.
        width: of the layer's input.
        block: the number of the transformer block that the layer is in.
        name: the layer's.
        seed: of the trial.
    """

    experts: tuple[str, ...]
    width: int
    block: int
    name: str
    seed: int


class Router(nn.Module, ABC):
    """Weighs the experts of one layer.

    Args:
        place: where it stands.
    """

    whole_texts = False
    """Whether it gives all tokens of a text the gates of their mean."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    @abstractmethod
    def always_on(self, purpose: Head | None) -> tuple[int, ...] | None:
        """Return the experts whose gate is 1 while all others' are 0, whatever the input is.

        None where the input decides. Those alone are then computed, without a gate.

        Args:
            purpose: the head that tokens are computed for, where it is known.
        """

    @abstractmethod
    def forward(
        self, inputs: Float[Tensor, "m d"], real: Bool[Tensor, " m"] | None = None
    ) -> Float[Tensor, "m e"]:
        """Return each expert's gate, and tell figures and losses where a pass collects them.

        Args:
            inputs: the layer's, a row a token or a text.
            real: which of them are no padding; None where all are.
        """

    def tell_constant(self, on: Sequence[int], count: int) -> None:
        """Tell the gates of experts that are on whatever the input is, for so many tokens."""
        if not anyone_collects():
            return
        gates = [float(expert in on) for expert in range(len(self.place.experts))]
        figures = dict(zip(self._gate_names, torch.tensor(gates), strict=True))
        self._tell({**figures, "active_experts": torch.tensor(float(len(on)))}, count)

    def tell_gates(
        self,
        gates: Float[Tensor, "m e"],
        balance: Float[Tensor, ""],
        real: Bool[Tensor, " m"] | None,
    ) -> None:
        """Tell mean gates, their entropy (1 where all are equal), active experts, and the balance.

        Each is told twice: under its name, where it becomes the mean over all layers, and under
        that of the transformer block.
        """
        if not anyone_collects():
            return
        with torch.no_grad():
            gates = gates.detach()
            entropy = torch.special.entr(gates).sum(1) / max(math.log(gates.shape[1]), 1e-9)
            columns = [gates, entropy[:, None], (gates > 0).sum(1, keepdim=True)]
            means = mean(torch.cat(columns, 1), real).unbind()
            names = (*self._gate_names, "gate_entropy", "active_experts")
            figures = dict(zip(names, means, strict=True))
            self._tell(figures | {"router_balance": balance.detach()}, len(gates))

    @property
    def _gate_names(self) -> list[str]:
        return [f"gate.{name}" for name in self.place.experts]

    def _tell(self, figures: dict[str, Tensor], count: int) -> None:
        here = {f"{name}.layer_{self.place.block}": value for name, value in figures.items()}
        emit_figures(figures | here, count=count)


def mean(values: Float[Tensor, "m *k"], real: Bool[Tensor, " m"] | None) -> Float[Tensor, "*k"]:
    """Return the mean over rows that are no padding."""
    if real is None:
        return values.mean(0)
    return real.to(values.dtype) @ values / real.sum()
