"""Forward and backward passes side by side: each core takes passes of its own, on one thread.

Inside one pass two threads meet after every product, and whichever is done first waits: a training
step of MiniLM reached half of the product peak on two threads and two thirds on one. Between passes
nobody waits. A pass draws its dropout from a stream of its own, and each core sums the gradients of
its passes in their order, so that equal seeds give equal bits on equally many cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gonogo.evaluation.search.cores import on_cores
from gonogo.models.kernels.random_bits import drawing_from
from gonogo.models.kernels.token_table import sparse_tables
from gonogo.models.parts.emitted import Emitted


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What one pass returns: rows of output (n ...), and what the model told on the way."""

    rows: Float[Tensor, "n ..."]
    emitted: Emitted = field(default_factory=Emitted)

    def tensors(self) -> list[Tensor]:
        """Return all that a gradient may come from."""
        return [self.rows, *(term.value for term in self.emitted.terms.values())]

    def over(self, tensors: Sequence[Tensor]) -> Forwarded:
        """Return the same with other tensors in the place of `tensors`."""
        rows, *values = tensors
        named = zip(self.emitted.terms.items(), values, strict=True)
        terms = {name: replace(term, value=value) for (name, term), value in named}
        return Forwarded(rows, Emitted(terms, self.emitted.figures))


Pass = Callable[[], Forwarded]
"""One forward pass, drawing nothing at random but `gonogo.models.kernels.random_bits`."""

Gradients = list[Tensor | None]

_SEEDS = torch.iinfo(torch.int64).max


def side_by_side(
    shares: Sequence[Sequence[Pass]], learns: Sequence[nn.Parameter], *, replay: bool = False
) -> list[Forwarded]:
    """Return what each pass returns; its gradient goes to ``learns`` and nowhere else.

    Args:
        shares: the passes of each core, at least one in all.
        learns: parameters, whether a pass reads them or not.
        replay: drop a pass's activations and compute them anew for its gradient, with the same
            dropout (GradCache, Gao et al. 2021, arXiv 2101.06983).

    Returns:
        The first core's outputs, then the second's, and so on.
    """
    seeds = iter(torch.empty(sum(map(len, shares)), dtype=torch.int64).random_(_SEEDS).tolist())
    seeded = [[partial(_seeded, each, next(seeds)) for each in share] for share in shares]
    if not torch.is_grad_enabled():
        return list(chain.from_iterable(_run(_without_graph, seeded)))
    told: list[Forwarded] = []
    outputs: tuple[Tensor, ...] = _SideBySide.apply(seeded, replay, told, *learns)  # type: ignore[no-untyped-call]
    given = iter(outputs)
    return [each.over(list(islice(given, len(each.tensors())))) for each in told]


def _run(
    how: Callable[[Pass], Forwarded], shares: Sequence[Sequence[Pass]]
) -> list[list[Forwarded]]:
    return on_cores(lambda core: list(map(how, shares[core])), len(shares))


class _SideBySide(torch.autograd.Function):
    """Keeps a graph for each pass, or makes it again, and differentiates each by itself."""

    @staticmethod
    def forward(
        ctx: Any,
        shares: Sequence[Sequence[Pass]],
        replay: bool,
        told: list[Forwarded],
        *learns: nn.Parameter,
    ) -> tuple[Tensor, ...]:
        outputs = _run(_without_graph if replay else _with_graph, shares)
        ctx.graphs = outputs
        if replay:
            ctx.graphs = [[partial(_with_graph, each) for each in share] for share in shares]
        ctx.learns = learns
        without = [
            each.over([tensor.detach() for tensor in each.tensors()])
            for each in chain.from_iterable(outputs)
        ]
        told += without
        ctx.widths = [len(each.tensors()) for each in without]
        return tuple(chain.from_iterable(each.tensors() for each in without))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        graphs, learns, parts = ctx.graphs, ctx.learns, iter(gradients)
        given = iter([list(islice(parts, width)) for width in ctx.widths])
        ctx.graphs = None  # each graph goes with its pass
        shares = [list(zip(share, islice(given, len(share)), strict=True)) for share in graphs]
        del graphs

        def share_of(core: int) -> Gradients:
            total, share = _Sum(len(learns)), shares[core]
            while share:
                graph, gradient = share.pop(0)
                output = graph if isinstance(graph, Forwarded) else graph()
                del graph
                total.add(_gradients(output.tensors(), learns, gradient))
                del output
            return total.values

        total = _Sum(len(learns))
        for found in on_cores(share_of, len(shares)):
            total.add(found)
        return None, None, None, *total.values


def _seeded(each: Pass, seed: int) -> Forwarded:
    with drawing_from(seed):
        return each()


def _with_graph(each: Pass) -> Forwarded:
    # Gradients, as their opposite, are a property of the thread.
    with torch.enable_grad(), sparse_tables():
        return each()


def _without_graph(each: Pass) -> Forwarded:
    with torch.no_grad():
        return each()


def _gradients(
    outputs: Sequence[Tensor], learns: Iterable[nn.Parameter], gradients: Sequence[Tensor]
) -> Gradients:
    pairs = zip(outputs, gradients, strict=True)
    moving = [(out, gradient) for out, gradient in pairs if out.requires_grad]
    if not moving:
        return [None for _ in learns]
    found, given = zip(*moving, strict=True)
    return list(torch.autograd.grad(found, list(learns), given, allow_unused=True))


class _Sum:
    """A sum of gradients; None stands for no gradient."""

    def __init__(self, count: int) -> None:
        self.values: Gradients = [None] * count
        self._own = [False] * count

    def add(self, more: Gradients) -> None:
        for place, gradient in enumerate(more):
            known = self.values[place]
            if gradient is None:
                continue
            if known is None and gradient.layout == torch.sparse_coo:
                # Made dense once, so that the sum does not grow with the passes.
                self.values[place], self._own[place] = gradient.to_dense(), True
            elif known is None:
                self.values[place] = gradient
            elif self._own[place]:
                known.add_(gradient)
            else:  # not in place: autograd may have handed out one tensor for two parameters
                self.values[place], self._own[place] = known + gradient, True
