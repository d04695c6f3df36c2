"""A frozen linear layer with low-rank experts beside it, and the router that weighs them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.core.seeds import derive_seed
from gonogo.models.adapters.gated_low_rank import Ranks, add_experts
from gonogo.models.kernels.dropout import Dropout
from gonogo.models.parts.serving import served, texts_read
from gonogo.models.routers.router import Place, Router
from gonogo.spec.model.mixture import Expert


class LowRankExpert(nn.Module):
    """One expert's update of one layer, B A x; A is drawn as LoRA draws it, B is zero.

    Args:
        spec: its rank.
        linear: the layer.
        seed: of A.
    """

    def __init__(self, spec: Expert, linear: nn.Linear, seed: int) -> None:
        super().__init__()
        self.scaling = spec.scaling
        self.down = nn.Parameter(torch.empty(spec.rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, spec.rank))
        random = torch.Generator().manual_seed(seed)
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5), generator=random)


class MixtureLinear(nn.Module):
    """h = W x + b + sum over e of gate_e(x) scaling_e B_e A_e dropout(x).

    Args:
        linear: W and b, which do not learn.
        experts: of the study.
        router: gives the gates.
        place: where the layer stands.
        dropout: probability of a zero in the experts' input.
    """

    def __init__(
        self,
        linear: nn.Linear,
        experts: Sequence[Expert],
        router: Router,
        place: Place,
        dropout: float,
    ) -> None:
        super().__init__()
        self.base_layer, self.router, self.place = linear, router, place
        self.experts = nn.ModuleList(
            LowRankExpert(each, linear, derive_seed(place.seed, "expert", each.name, place.name))
            for each in experts
        )
        self.dropout = Dropout(dropout)
        self._ranks: dict[tuple[tuple[int, ...], torch.device], Ranks] = {}
        self.in_features, self.out_features = linear.in_features, linear.out_features

    @property
    def weight(self) -> Tensor:
        """Return the frozen layer's weight, for whoever asks a linear layer for it."""
        return self.base_layer.weight

    def forward(self, x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows o"]:
        """Return the layer's output with the experts' updates in it."""
        result: Tensor = self.base_layer(x)
        x = x.to(result.dtype)  # once: the router and the experts keep it for their gradients
        on, gates = self.router.always_on(served()), None
        if on is None:
            on, gates = tuple(range(len(self.experts))), self._gates(x)
        else:
            self.router.tell_constant(on, x.shape[:-1].numel())
        down, up = self.joined(on)
        p = self.dropout.p if self.training else 0.0
        ranks = self.ranks(on, down.device)
        return add_experts(result, x, down, up, ranks, gates, self.dropout, p)

    def _gates(self, x: Float[Tensor, "*rows d"]) -> Float[Tensor, "m e"]:
        texts = texts_read()
        if not self.router.whole_texts:
            gates: Tensor = self.router(x.flatten(0, -2), texts.real_tokens(x))
            return gates
        return texts.spread(self.router(texts.means(x)), x)

    def joined(self, on: Sequence[int]) -> tuple[Float[Tensor, "r d"], Float[Tensor, "o r"]]:
        """Return the projections of some experts, by number, as one."""
        chosen = [self.expert(number) for number in on]
        return torch.cat([e.down for e in chosen]), torch.cat([e.up for e in chosen], 1)

    def ranks(self, on: Sequence[int], device: torch.device) -> Ranks:
        """Return which rank of `joined` is whose."""
        key = tuple(on), device
        if key not in self._ranks:
            sizes = [len(self.expert(number).down) for number in on]
            scaling = [self.expert(number).scaling for number in on]
            repeats = torch.tensor(sizes)
            self._ranks[key] = Ranks(
                torch.tensor(on).repeat_interleave(repeats).to(device),
                torch.tensor(scaling).repeat_interleave(repeats).to(device),
            )
        return self._ranks[key]

    def expert(self, number: int) -> LowRankExpert:
        """Return one expert."""
        found = self.experts[number]
        assert isinstance(found, LowRankExpert)  # noqa: S101  (for the type checker)
        return found
